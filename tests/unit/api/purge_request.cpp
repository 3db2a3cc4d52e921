// The rules of a purge's body, one by one.

#include "rollcall/api/purge_request.hpp"

#include "mutations.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace rollcall::api;
using namespace rollcall::api::test;

namespace {

std::string line(purge_error e) {
  return std::string(to_string(e));
}

std::string line(const std::optional<std::string>& w_id, const std::optional<std::string>& room) {
  return fmt::format("account {}, room {}", w_id.value_or("-"), room.value_or("-"));
}

std::string said(std::string_view body) {
  padded text(body);
  const auto parsed = parse_purge_request(text.view());
  for (const char filler : fillers) {
    text.fill(filler);
    const auto again = parse_purge_request(text.view());
    BOOST_TEST((again.has_value() == parsed.has_value() && (again || again.error() == parsed.error())));
  }
  return parsed ? line(parsed->w_id, parsed->room) : line(parsed.error());
}

} // namespace

BOOST_AUTO_TEST_SUITE(purge_requests)

BOOST_AUTO_TEST_CASE(an_account_a_room_or_both) {
  BOOST_TEST(said(R"({"wId":"w"})") == line("w", {}));
  BOOST_TEST(said(R"({"wcId":"1@chatroom"})") == line({}, "1@chatroom"));
  BOOST_TEST(said(R"({"chatRoomId":"1@chatroom"})") == line({}, "1@chatroom"));
  BOOST_TEST(said(R"({"wId":"w","wcId":"r"})") == line("w", "r"));
  BOOST_TEST(said(R"( {"chatRoomId":"r", "wId":"w"} )") == line("w", "r"));
  BOOST_TEST(said(R"({"\u0077Id":"w\u0040","\u0077cId":"🦑\ud83e\udd91"})") == line("w@", "🦑🦑"));
}

BOOST_AUTO_TEST_CASE(each_broken_rule_is_told) {
  using enum purge_error;
  struct {
    std::string_view body;
    purge_error expected;
  } const cases[]{
      {"", not_json},
      {"{", not_json},
      {"wId=w", not_json},
      {R"({"wId":"w"}x)", not_json},
      {R"({"wId":"w",})", not_json},
      {R"({"wId":"\ud83e"})", not_json},
      {"{\"wId\":\"\xFF\"}", not_json},
      {"[]", not_an_object},
      {R"("w")", not_an_object},
      {"null", not_an_object},
      {R"({"wId":"w","room":"r"})", unknown_field},
      {R"({"wid":"w"})", unknown_field},
      {R"({"wId":"w","":""})", unknown_field},
      {R"({"wId":"w","chatroom":"r"})", unknown_field},
      {R"({"wId":"w","wId":"w"})", duplicate_name},
      {R"({"wcId":"r","wc\u0049d":"r"})", duplicate_name},
      {R"({"chatRoomId":"r","chatRoomId":"r"})", duplicate_name},
      {R"({"wId":1})", not_a_string},
      {R"({"wId":null})", not_a_string},
      {R"({"wId":"w","wcId":["r"]})", not_a_string},
      {R"({"wId":"w","chatRoomId":{}})", not_a_string},
      {R"({"wId":""})", empty_string},
      {R"({"wId":"w","wcId":""})", empty_string},
      {R"({"wId":"","chatRoomId":"r"})", empty_string},
      {"{}", nothing_named},
      {R"({"wcId":"r","chatRoomId":"r"})", two_rooms},
      {R"({"wId":"w","wcId":"r","chatRoomId":"s"})", two_rooms},
  };
  for (const auto& each : cases)
    BOOST_TEST(said(each.body) == line(each.expected), each.body);
}

BOOST_AUTO_TEST_CASE(of_several_broken_rules_the_first_is_told) {
  BOOST_TEST(said(R"([{"wId":1,"wId":1})") == line(purge_error::not_json));
  BOOST_TEST(said(R"({"x":1,"wId":1,"wId":1})") == line(purge_error::unknown_field));
  BOOST_TEST(said(R"({"wId":1,"wId":1})") == line(purge_error::duplicate_name));
  BOOST_TEST(said(R"({"wId":"","wcId":1})") == line(purge_error::not_a_string));
  BOOST_TEST(said(R"({"wcId":"","chatRoomId":"r"})") == line(purge_error::empty_string));
}

BOOST_AUTO_TEST_CASE(a_damaged_purge_is_refused_or_names_something) {
  int sound = 0;
  const auto look = [&](const std::string& body) {
    const padded text(body);
    const auto parsed = parse_purge_request(text.view());
    if (!parsed)
      return;
    ++sound;
    if ((!parsed->w_id && !parsed->room) || parsed->w_id == "" || parsed->room == "")
      BOOST_ERROR(body);
  };
  constexpr std::string_view body = R"({"wId":"w","chatRoomId":"é1"})";
  every_single_byte_mutation(body, look);
  random_mutations(body, 5'000, look);
  BOOST_TEST(sound > 500);
  for (std::size_t size = 0; size < body.size(); ++size)
    BOOST_TEST(said(body.substr(0, size)) == line(purge_error::not_json));
}

BOOST_AUTO_TEST_SUITE_END()
