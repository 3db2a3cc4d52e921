// What a write is about, in all the forms in which bots send one.

#include "rollcall/api/change.hpp"

#include "mutations.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace rollcall::api;
using namespace rollcall::api::test;

namespace {

const std::string nothing = "nothing";

std::string line(std::string_view w_id, std::string_view room) {
  return fmt::format("{}:{} {}:{}", w_id.size(), w_id, room.size(), room);
}

std::string line(std::string_view w_id) {
  return fmt::format("{}:{} no room", w_id.size(), w_id);
}

std::string line(const std::optional<change>& c) {
  if (!c)
    return nothing;
  return c->room ? line(c->w_id, *c->room) : line(c->w_id);
}

/// What the parser says about a body, whatever lies behind it.
std::string about(std::string_view body) {
  static change_parser parser;
  padded text(body);
  const std::string first = line(parser.parse(text.view()));
  for (const char filler : fillers) {
    text.fill(filler);
    BOOST_TEST(line(parser.parse(text.view())) == first);
  }
  return first;
}

} // namespace

BOOST_AUTO_TEST_SUITE(change_parsing)

BOOST_AUTO_TEST_CASE(every_generation_names_the_room_in_its_way) {
  struct {
    std::string_view body;
    std::string expected;
  } const cases[]{
      {R"({"wId":"w","chatroom":"1@chatroom","wcId":"wxid_a"})", line("w", "1@chatroom")},
      {R"({"wId":"w","chatRoomId":"1@chatroom","userList":"a,b"})", line("w", "1@chatroom")},
      {R"({"wId":"w","chatRoomWcId":"1@chatroom","wcId":"wxid_a"})", line("w", "1@chatroom")},
      {R"({"wId":"w","chatRoomId":"1@chatroom","nickName":"飞"})", line("w", "1@chatroom")},
      {R"({"wId":"w","chatRoomId":"1@chatroom","wcId":"wxid_a","type":1})", line("w", "1@chatroom")},
      {R"({"wId":"w","wcId":"1@chatroom"})", line("w", "1@chatroom")},
      {R"({"wId":"w","url":"https://weixin.qq.com/g/x"})", line("w")},
      {R"({"wId":"w"})", line("w")},
      {R"({"wcId":"1@chatroom","x":[{"wId":"v"}],"wId":"w"})", line("w", "1@chatroom")},
  };
  for (const auto& each : cases)
    BOOST_TEST(about(each.body) == each.expected, each.body);
}

BOOST_AUTO_TEST_CASE(of_several_names_the_first_of_the_list_counts) {
  BOOST_TEST(about(R"({"wId":"w","wcId":"4@chatroom","chatRoomWcId":"3","chatroom":"2","chatRoomId":"1"})") ==
             line("w", "1"));
  BOOST_TEST(about(R"({"wId":"w","wcId":"4@chatroom","chatRoomWcId":"3","chatroom":"2"})") == line("w", "2"));
  BOOST_TEST(about(R"({"wId":"w","wcId":"4@chatroom","chatRoomWcId":"3"})") == line("w", "3"));
}

BOOST_AUTO_TEST_CASE(a_name_without_a_text_is_as_good_as_missing) {
  for (const auto value : {"null", "\"\"", "1", "[]", "{}", "true"}) {
    BOOST_TEST(about(fmt::format(R"({{"wId":"w","chatRoomId":{},"chatroom":"2"}})", value)) == line("w", "2"));
    BOOST_TEST(about(fmt::format(R"({{"wId":"w","chatRoomId":{},"wcId":{}}})", value, value)) == line("w"));
  }
}

BOOST_AUTO_TEST_CASE(a_wcId_is_a_room_only_by_its_end) {
  for (const auto room : {"1@chatroom", "1@chatRoom", "1@CHATROOM", "@chatroom"})
    BOOST_TEST(about(fmt::format(R"({{"wId":"w","wcId":"{}"}})", room)) == line("w", room));
  for (const auto person : {"wxid_a", "chatroom", "1@chatroo", "1@chatroom ", "1@chatrooms", "@chatroom,wxid_a", "m"})
    BOOST_TEST(about(fmt::format(R"({{"wId":"w","wcId":"{}"}})", person)) == line("w"));
  // Only there: the other names hold nothing but rooms.
  BOOST_TEST(about(R"({"wId":"w","chatroom":"1"})") == line("w", "1"));
}

BOOST_AUTO_TEST_CASE(names_and_texts_are_unescaped) {
  BOOST_TEST(about(R"({"\u0077Id":"\u0077","chat\u0052oomId":"1\u0040chatroom"})") == line("w", "1@chatroom"));
  BOOST_TEST(about(R"({"wId":"w","wcId":"1\u0040chat\u0052oom"})") == line("w", "1@chatRoom"));
  BOOST_TEST(about(R"({"wId":"w","chatroomid":"1","ChatRoomId":"1"})") == line("w"));
}

BOOST_AUTO_TEST_CASE(without_an_account_nothing_is_known) {
  for (const auto value : {"null", "\"\"", "1", "[\"w\"]", "{}"})
    BOOST_TEST(about(fmt::format(R"({{"wId":{},"chatRoomId":"1"}})", value)) == nothing);
  for (const auto body : {"{}", R"({"wid":"w","chatRoomId":"1"})", R"({"x":{"wId":"w"},"chatRoomId":"1"})"})
    BOOST_TEST(about(body) == nothing, body);
}

BOOST_AUTO_TEST_CASE(of_what_is_not_one_object_nothing_is_known) {
  for (const auto body : {"", " ", "[]", "null", R"("wId")", R"([{"wId":"w"}])", R"({"wId":"w")", R"({"wId":"w"}x)",
                          R"({"wId":"w"}{})", "wId=w&chatRoomId=1", R"({"wId":"w","x":nul})", "{\"wId\":\"\xFF\"}"})
    BOOST_TEST(about(body) == nothing, body);
  change_parser parser;
  BOOST_TEST(line(parser.parse({})) == nothing);
}

BOOST_AUTO_TEST_CASE(a_name_that_matters_must_not_occur_twice) {
  for (const auto name : {"wId", "chatRoomId", "chatroom", "chatRoomWcId", "wcId", "\\u0077cId"})
    BOOST_TEST(about(fmt::format(R"({{"{}":"1","wId":"w","wcId":"1","chatroom":"1","chatRoomId":"1","x":1,)"
                                 R"("chatRoomWcId":"1"}})",
                                 name)) == nothing,
               name);
  BOOST_TEST(about(R"({"wId":"w","x":1,"x":2,"userList":"","userList":""})") == line("w"));
}

BOOST_AUTO_TEST_CASE(half_an_emoji_in_a_nickname_hides_nothing) {
  BOOST_TEST(about(R"({"wId":"w","chatRoomId":"1","nickName":"\ud83e"})") == line("w", "1"));
  BOOST_TEST(about(R"({"nickName":"\udd91","wId":"w\ud83e","chatRoomId":"1"})") == line("w\uFFFD", "1"));
}

BOOST_AUTO_TEST_CASE(a_body_of_64_KiB_is_read) {
  const std::string rest(64 * 1024, 'x');
  BOOST_TEST(about(R"({"userList":")" + rest + R"(","wId":"w","chatRoomId":"1"})") == line("w", "1"));
}

BOOST_AUTO_TEST_CASE(a_truncated_body_tells_nothing) {
  const std::string body = R"({"wId":"w","chatroom":"1@chatroom","wcId":"wxid_a"})";
  for (std::size_t size = 0; size < body.size(); ++size)
    BOOST_TEST(about(body.substr(0, size)) == nothing);
}

BOOST_AUTO_TEST_CASE(a_damaged_body_never_yields_an_empty_name) {
  change_parser parser;
  int known = 0;
  const auto look = [&](const std::string& body) {
    const padded text(body);
    const auto said = parser.parse(text.view());
    known += said ? 1 : 0;
    if (said && (said->w_id.empty() || (said->room && said->room->empty())))
      BOOST_ERROR(body);
  };
  every_single_byte_mutation(R"({"wId":"w\u0041","wcId":"é@chatroom"})", look);
  random_mutations(R"({"wId":"w","chatroom":"1@chatroom","wcId":"a","chatRoomId":null})", 20'000, look);
  BOOST_TEST(known > 1'000);
}

BOOST_AUTO_TEST_SUITE_END()
