// Callbacks of both generations, and what is made of damaged ones.

#include "rollcall/api/event.hpp"

#include "mutations.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace rollcall::api;
using namespace rollcall::api::test;

namespace {

constexpr std::string_view group_text = R"({
    "account": "13800000000",
    "wcId": "wxid_bot",
    "messageType": "80001",
    "data": {
        "wId": "6c0b4c6b-2f1b-4a8e-9d3f-000000000001",
        "fromUser": "wxid_6mq1pu8ngj3r22",
        "fromGroup": "23321854893@chatroom",
        "toUser": "wxid_bot",
        "msgId": 1684736210,
        "newMsgId": 5387254321987654321,
        "timestamp": 1640844182,
        "content": "🦑",
        "self": false,
        "msgSource": "<msgsource>\n\t<silence>1</silence>\n\t<membercount>152</membercount>\n</msgsource>\n"
    }
})";

std::string line(const event& e) {
  return fmt::format("[{}] [{}] [{}] [{}] [{}]", e.w_id, e.room.value_or("-"), e.type, e.message_id,
                     e.member_count ? std::to_string(*e.member_count) : "-");
}

std::string said(std::string_view body) {
  static event_parser parser;
  padded text(body);
  const auto read = [&] {
    const auto parsed = parser.parse(text.view());
    return parsed ? line(*parsed) : std::string(to_string(parsed.error()));
  };
  const std::string first = read();
  for (const char filler : fillers) {
    text.fill(filler);
    BOOST_TEST(read() == first);
  }
  return first;
}

std::string line(event_error e) {
  return std::string(to_string(e));
}

} // namespace

BOOST_AUTO_TEST_SUITE(event_parsing)

BOOST_AUTO_TEST_CASE(a_group_message_tells_account_room_and_count) {
  BOOST_TEST(said(group_text) == "[6c0b4c6b-2f1b-4a8e-9d3f-000000000001] [23321854893@chatroom] [80001] "
                                 "[5387254321987654321] [152]");
}

BOOST_AUTO_TEST_CASE(the_type_is_a_number_or_a_string) {
  struct {
    std::string_view value;
    std::string type;
  } const cases[]{{"4", "4"},   {"\"4\"", "4"},       {"85008", "85008"}, {"\"x\"", "x"},
                  {"-1", "-1"}, {"\"\\u0034\"", "4"}, {"\" 4\"", " 4"},   {"85008000000", "85008000000"}};
  for (const auto& each : cases)
    BOOST_TEST(said(fmt::format(R"({{"messageType":{}}})", each.value)) == fmt::format("[] [-] [{}] [] [-]", each.type),
               each.value);
}

BOOST_AUTO_TEST_CASE(without_a_type_a_callback_is_useless) {
  for (const auto value : {"null", "\"\"", "4.5", "4.0", "true", "[]", "{}"})
    BOOST_TEST(said(fmt::format(R"({{"messageType":{}}})", value)) == line(event_error::missing_type), value);
  BOOST_TEST(said("{}") == line(event_error::missing_type));
  BOOST_TEST(said(R"({"messagetype":"4","data":{"messageType":"4"}})") == line(event_error::missing_type));
}

BOOST_AUTO_TEST_CASE(a_message_id_keeps_all_its_digits) {
  struct {
    std::string_view value;
    std::string id;
  } const cases[]{{"9007199254740993", "9007199254740993"},
                  {"9223372036854775807", "9223372036854775807"},
                  {"18446744073709551615", "18446744073709551615"},
                  {"-5387254321987654321", "-5387254321987654321"},
                  {"\"5387254321987654321\"", "5387254321987654321"},
                  {"\"\"", ""},
                  {"null", ""},
                  {"5.387254321987654e18", ""},
                  {"[1]", ""}};
  for (const auto& each : cases)
    BOOST_TEST(said(fmt::format(R"({{"messageType":1,"data":{{"newMsgId":{}}}}})", each.value)) ==
                   fmt::format("[] [-] [1] [{}] [-]", each.id),
               each.value);
}

BOOST_AUTO_TEST_CASE(everything_but_the_type_may_be_missing_or_odd) {
  for (const auto data :
       {"null", "[]", "{}", "1", R"("x")", R"({"wId":null,"fromGroup":null,"msgSource":null})",
        R"({"wId":1,"fromGroup":["1@chatroom"],"msgSource":{"x":1}})", R"({"wId":"","fromGroup":"","msgSource":""})"})
    BOOST_TEST(said(fmt::format(R"({{"data":{},"messageType":9}})", data)) == "[] [-] [9] [] [-]", data);
  BOOST_TEST(said(R"({"messageType":9,"wId":"w","fromGroup":"1","newMsgId":1,"x":{}})") == "[] [-] [9] [] [-]");
}

BOOST_AUTO_TEST_CASE(names_are_unescaped_and_the_first_of_two_counts) {
  BOOST_TEST(said(R"({"message\u0054ype":9,"data":{"\u0077Id":"w","wId":"v"},"messageType":4})") ==
             "[w] [-] [9] [] [-]");
}

BOOST_AUTO_TEST_CASE(only_the_platform_s_own_text_tells_the_count) {
  BOOST_TEST(said(R"({"messageType":9,"data":{"fromGroup":"1","content":"<membercount>3</membercount>",)"
                  R"("pushContent":"<membercount>3</membercount>"}})") == "[] [1] [9] [] [-]");
}

BOOST_AUTO_TEST_CASE(half_an_emoji_in_a_message_hides_nothing) {
  BOOST_TEST(said(R"({"messageType":85008,"data":{"wId":"w","content":"\ud83e","fromGroup":"1"}})") ==
             "[w] [1] [85008] [] [-]");
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_refused) {
  for (const auto body : {"", "{", "messageType=4", R"({"messageType":4}x)", R"({"messageType":4,"data":{})",
                          R"({"messageType":123456789012345678901234567890})", "{\"messageType\":\"\xFF\"}"})
    BOOST_TEST(said(body) == line(event_error::not_json), body);
  for (const auto body : {"[]", "4", "null", R"([{"messageType":4}])"})
    BOOST_TEST(said(body) == line(event_error::not_an_object), body);
  for (std::size_t size = 0; size < group_text.size(); ++size)
    BOOST_TEST(said(group_text.substr(0, size)) == line(event_error::not_json));
}

BOOST_AUTO_TEST_CASE(a_damaged_callback_is_read_or_refused_and_nothing_else) {
  event_parser parser;
  int sound = 0;
  const auto look = [&](const std::string& body) {
    const padded text(body);
    const auto parsed = parser.parse(text.view());
    if (!parsed)
      return;
    ++sound;
    if (parsed->type.empty() || parsed->room == "" || parsed->member_count == 0U)
      BOOST_ERROR(body);
  };
  every_single_byte_mutation(
      R"({"messageType":4,"data":{"wId":"w","newMsgId":1,"msgSource":"<membercount>1<\/membercount>"}})", look);
  random_mutations(group_text, 10'000, look);
  BOOST_TEST(sound > 1'000);
}

BOOST_AUTO_TEST_SUITE_END()
