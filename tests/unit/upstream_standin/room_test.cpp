#include "upstream/example.hpp"
#include "upstream/json_text.hpp"
#include "upstream/room.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

namespace {

using namespace rollcall::standin;
namespace json = boost::json;

std::string room_id(int number) {
  return fmt::format("{}@chatroom", number);
}

const json::array& data_of(const json::value& answer) {
  return answer.at("data").as_array();
}

BOOST_AUTO_TEST_SUITE(rooms)

BOOST_AUTO_TEST_CASE(every_rendered_room_is_valid_json_with_as_many_members_as_promised) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const room_options options{.seed = seed};
    for (int i = 0; i < 300; ++i) {
      for (const auto names : {naming::first, naming::later}) {
        const auto answer = json::parse(render_room(options, room_id(i), names));
        BOOST_TEST(answer.at("code").as_string() == "1000");
        BOOST_TEST(data_of(answer).size() == original_size(options, room_id(i)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(members_have_460_to_550_bytes_and_distinct_names) {
  const room_options options{.sizes = {room_sizes::kind::fixed, 500}};
  for (int i = 0; i < 40; ++i) {
    std::set<std::string> seen;
    const auto view = look_at(options, room_id(i));
    for (const auto& who : view.members) {
      std::string text;
      append_member(text, naming::first, who, room_id(i), view.members.size());
      BOOST_TEST_REQUIRE(text.size() >= 460U);
      BOOST_TEST_REQUIRE(text.size() <= 550U);
      seen.insert(who.user_name);
    }
    BOOST_TEST(seen.size() == 500U);
  }
}

BOOST_AUTO_TEST_CASE(only_the_owner_was_invited_by_nobody_and_all_inviters_are_members) {
  const room_options options;
  for (int i = 0; i < 200; ++i) {
    const auto view = look_at(options, room_id(i));
    for (const auto& who : view.members) {
      BOOST_TEST(who.inviter.empty() == (who.user_name == view.owner));
      BOOST_TEST((who.inviter.empty() || view.find(who.inviter) != nullptr));
    }
  }
}

BOOST_AUTO_TEST_CASE(sizes_keep_their_bounds) {
  for (int i = 0; i < 5'000; ++i) {
    const auto small = original_size({.sizes = {room_sizes::kind::small}}, room_id(i));
    BOOST_TEST((small >= 3 && small <= 12));
    const auto mixed = original_size({.sizes = {room_sizes::kind::mixed}}, room_id(i));
    BOOST_TEST((mixed >= 3 && mixed <= most_members));
    BOOST_TEST(original_size({.sizes = {room_sizes::kind::fixed, 900}}, room_id(i)) == most_members);
  }
}

BOOST_AUTO_TEST_CASE(a_room_of_nobody_is_an_empty_list) {
  const room_options options{.sizes = {room_sizes::kind::fixed, 0}};
  BOOST_TEST(render_room(options, "1@chatroom", naming::first) == R"({"message":"成功","code":"1000","data":[]})");
}

BOOST_AUTO_TEST_CASE(the_documented_room_renders_as_the_document_says_apart_from_white_space) {
  const auto mine = render_room({}, documented_room, naming::first);
  BOOST_TEST(json::serialize(json::parse(mine)) == json::serialize(json::parse(documented_answer())));
  BOOST_TEST(mine == json::serialize(json::parse(documented_answer())));
}

BOOST_AUTO_TEST_CASE(changes_are_laid_over_the_original) {
  const room_options options{.sizes = {room_sizes::kind::fixed, 5}};
  const auto before = look_at(options, "1@chatroom");
  changes made;
  made.left.insert(before.members[1].user_name);
  made.joined.push_back(newcomer(options, "wxid_new", before.owner));
  made.display_names["wxid_new"] = "新";
  made.owner = before.members[0].user_name;
  const auto after = look_at(options, "1@chatroom", made);
  BOOST_TEST(after.members.size() == 5U);
  BOOST_TEST(after.find(before.members[1].user_name) == nullptr);
  BOOST_TEST(after.members.back().display_name == "新");
  BOOST_TEST(after.members.front().inviter == "");
  BOOST_TEST(after.find(before.owner)->inviter == made.owner);
  BOOST_TEST(after.topic == before.topic);
}

BOOST_AUTO_TEST_CASE(only_ids_of_rooms_are_rooms) {
  for (const auto* const id : {"1@chatroom", "23321854893@chatRoom", "x@chatroom"}) {
    BOOST_TEST(is_room(id), id);
  }
  for (const auto* const id : {"", "@chatroom", "1@chatroo", "1@CHATROOM", "1@chatroom ", "wxid_1"}) {
    BOOST_TEST(!is_room(id), id);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(json_text)

BOOST_AUTO_TEST_CASE(valid_text_comes_back_unchanged) {
  for (const auto text : {"", "a", "\"\\/\b\f\n\r\t\x01\x7f", "中文", "🦑", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    const auto parsed = json::parse(json_string(text));
    BOOST_TEST(std::string(parsed.as_string().c_str()) == text);
  }
  BOOST_TEST(json_string("中🦑") == "\"中🦑\"");
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_becomes_latin1_byte_by_byte) {
  BOOST_TEST(json_string("\xe9") == R"("\u00e9")");
  BOOST_TEST(json_string("\xc0\x80") == R"("\u00c0\u0080")");
  BOOST_TEST(json_string("\xed\xa0\x80") == R"("\u00ed\u00a0\u0080")");
  BOOST_TEST(json_string("\xf4\x90\x80\x80") == R"("\u00f4\u0090\u0080\u0080")");
  BOOST_TEST(json_string("a\xe4\xb8") == R"("a\u00e4\u00b8")");
}

BOOST_AUTO_TEST_CASE(any_bytes_make_valid_json) {
  std::mt19937 dice(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(dice() % 12, '\0');
    std::ranges::generate(bytes,
                          [&dice] { return static_cast<char>(dice() % 2 == 0 ? dice() : 0x80 + dice() % 0x80); });
    boost::system::error_code error;
    json::parse(json_string(bytes), error);
    BOOST_TEST_REQUIRE(!error);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
