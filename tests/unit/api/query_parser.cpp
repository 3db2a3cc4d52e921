// The rules of a request body, one by one.

#include "rollcall/api/query.hpp"

#include "samples.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace rollcall::api;
using namespace rollcall::api::test;
using namespace std::string_view_literals;

namespace {

const std::string passes = line(pass_through{});
const std::string plain = line("w", room_field::wcId, "r");

} // namespace

BOOST_AUTO_TEST_SUITE(query_parser_rules)

BOOST_AUTO_TEST_CASE(the_documented_request_is_a_query) {
  BOOST_TEST(verdict(documented_request) ==
             line("0000016e-6343-089e-0001-e2ef939176f6", room_field::wcId, "23321854893@chatroom"));
}

BOOST_AUTO_TEST_CASE(the_later_generation_names_the_room_chatRoomId) {
  BOOST_TEST(verdict(R"({"wId":"w","chatRoomId":"r@chatroom"})") == line("w", room_field::chatRoomId, "r@chatroom"));
}

BOOST_AUTO_TEST_CASE(order_and_space_do_not_matter) {
  BOOST_TEST(verdict(R"({"wcId":"r","wId":"w"})") == plain);
  BOOST_TEST(verdict("\r\n\t {\t\"wcId\"\n:\r\"r\" , \"wId\" : \"w\"\n} \t\r\n") == plain);
}

BOOST_AUTO_TEST_CASE(names_are_compared_after_unescaping) {
  BOOST_TEST(verdict(R"({"\u0077Id":"w","wc\u0049d":"r"})") == plain);
  BOOST_TEST(verdict(R"({"wId":"w","\u0063hatRoomId":"r"})") == line("w", room_field::chatRoomId, "r"));
}

BOOST_AUTO_TEST_CASE(names_are_compared_exactly) {
  for (const auto name : {"wid", "WID", "wId ", " wId", "wI", "wIdd", "wId\\u0000", ""})
    BOOST_TEST(verdict(fmt::format(R"({{"{}":"w","wcId":"r"}})", name)) == line(query_error::missing_w_id));
}

BOOST_AUTO_TEST_CASE(values_are_unescaped) {
  BOOST_TEST(verdict(R"({"wId":"w","wcId":"1\u0040chatroom"})") == line("w", room_field::wcId, "1@chatroom"));
  BOOST_TEST(verdict(R"({"wId":"\"\\\/\b\f\n\r\t","wcId":"r"})") == line("\"\\/\b\f\n\r\t", room_field::wcId, "r"));
  BOOST_TEST(verdict(R"({"wId":"\ud83e\udd91","wcId":"🦑"})") == line("🦑", room_field::wcId, "🦑"));
}

BOOST_AUTO_TEST_CASE(a_nul_in_a_value_is_part_of_it) {
  BOOST_TEST(verdict(R"({"wId":"a\u0000b","wcId":"\u0000"})") == line("a\0b"sv, room_field::wcId, "\0"sv));
}

BOOST_AUTO_TEST_CASE(what_is_not_one_whole_json_document_is_refused) {
  for (const auto body : {""sv,
                          " "sv,
                          "\0"sv,
                          "wId=w&wcId=r"sv,
                          "{"sv,
                          "}"sv,
                          "{]"sv,
                          R"({"wId":"w","wcId":"r"}})"sv,
                          R"({"wId":"w","wcId":"r"}{})"sv,
                          R"({"wId":"w","wcId":"r"},)"sv,
                          R"({"wId":"w","wcId":"r"}x)"sv,
                          "{\"wId\":\"w\",\"wcId\":\"r\"}\0"sv,
                          R"({"wId":"w","wcId":"r",})"sv,
                          R"({,"wId":"w","wcId":"r"})"sv,
                          R"({"wId":"w" "wcId":"r"})"sv,
                          R"({"wId" "w","wcId":"r"})"sv,
                          R"({"wId":"w";"wcId":"r"})"sv,
                          R"({'wId':'w','wcId':'r'})"sv,
                          R"({wId:"w",wcId:"r"})"sv,
                          R"({"wId":"w"x,"wcId":"r"})"sv,
                          R"({"wId":"w","wcId":"r")"sv,
                          R"({"wId":"w","wcId":"r})"sv,
                          R"({"wId":"w","wcId":"r\"})"sv,
                          R"(/**/{"wId":"w","wcId":"r"})"sv,
                          R"([{"wId":"w","wcId":"r"})"sv,
                          R"({"wId":"w","wcId":nul})"sv,
                          R"({"wId":"\x","wcId":"r"})"sv,
                          R"({"wId":"\u12","wcId":"r"})"sv,
                          R"({"wId":01,"wcId":"r"})"sv})
    BOOST_TEST(verdict(body) == line(query_error::not_json), body);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_not_json) {
  BOOST_TEST(verdict("\xEF\xBB\xBF{\"wId\":\"w\",\"wcId\":\"r\"}") == line(query_error::not_json));
}

BOOST_AUTO_TEST_CASE(raw_control_bytes_in_a_string_are_not_json) {
  for (char c = 0; c < 0x20; ++c) {
    std::string body = R"({"wId":"w_","wcId":"r"})";
    body[body.find('_')] = c;
    BOOST_TEST(verdict(body) == line(query_error::not_json));
  }
  BOOST_TEST(verdict("{\"wId\":\"\x7F\",\"wcId\":\"r\"}") == line("\x7F", room_field::wcId, "r"));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_are_not_json_wherever_they_stand) {
  for (const auto bytes : {"\x80", "\xFF", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"{}","wcId":"r"}})", bytes)) == line(query_error::not_json));
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"w","wcId":"r","{}":1}})", bytes)) == line(query_error::not_json));
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"w","wcId":"r","x":["{}"]}})", bytes)) == line(query_error::not_json));
  }
}

BOOST_AUTO_TEST_CASE(lone_surrogates_are_refused) {
  for (const auto escape : {R"(\ud800)", R"(\udc00)", R"(\ud800\u0041)", R"(\ude00\ud83d)", R"(\ud800\ud800)",
                            R"(\ud83dx)", R"(\ud83d\n)", R"(\udbff\uffff)", R"(\ud83d\ude0)"}) {
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"{}","wcId":"r"}})", escape)) == line(query_error::not_json), escape);
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"w","wcId":"{}"}})", escape)) == line(query_error::not_json), escape);
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"w","wcId":"r","{}":1}})", escape)) == line(query_error::not_json),
               escape);
  }
}

BOOST_AUTO_TEST_CASE(a_document_that_is_not_an_object_is_refused) {
  for (const auto body : {"[]", "null", "1", R"("wId")", "true", R"([{"wId":"w","wcId":"r"}])", " -1.5e3 "})
    BOOST_TEST(verdict(body) == line(query_error::not_an_object), body);
}

BOOST_AUTO_TEST_CASE(duplicates_are_refused_even_when_equal_or_spelt_differently) {
  for (const auto body : {R"({"wId":"w","wId":"w","wcId":"r"})", R"({"wId":"w","\u0077Id":"v","wcId":"r"})",
                          R"({"wId":"w","wcId":"r","wcId":"r"})", R"({"wId":"w","chatRoomId":"r","chatRoomId":"s"})",
                          R"({"wId":"w","wcId":"r","x":1,"\u0077cId":null})", R"({"wId":"","wId":"","wcId":"r"})"})
    BOOST_TEST(verdict(body) == line(query_error::duplicate_name), body);
}

BOOST_AUTO_TEST_CASE(a_missing_name_is_told) {
  BOOST_TEST(verdict("{}") == line(query_error::missing_w_id));
  BOOST_TEST(verdict(R"({"wcId":"r"})") == line(query_error::missing_w_id));
  BOOST_TEST(verdict(R"({"x":{"wId":"w"},"wcId":"r"})") == line(query_error::missing_w_id));
  BOOST_TEST(verdict(R"({"wId":"w"})") == line(query_error::missing_room));
  BOOST_TEST(verdict(R"({"wId":"w","chatroom":"r"})") == line(query_error::missing_room));
}

BOOST_AUTO_TEST_CASE(values_must_be_strings) {
  for (const auto value : {"1", "null", "true", "[]", R"(["r"])", "{}", R"({"wId":"w"})", "1.5"}) {
    BOOST_TEST(verdict(fmt::format(R"({{"wId":{},"wcId":"r"}})", value)) == line(query_error::not_a_string), value);
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"w","wcId":{}}})", value)) == line(query_error::not_a_string), value);
  }
}

BOOST_AUTO_TEST_CASE(values_must_not_be_empty) {
  BOOST_TEST(verdict(R"({"wId":"","wcId":"r"})") == line(query_error::empty_string));
  BOOST_TEST(verdict(R"({"wId":"w","wcId":""})") == line(query_error::empty_string));
  BOOST_TEST(verdict(R"({"wId":"w","chatRoomId":""})") == line(query_error::empty_string));
}

BOOST_AUTO_TEST_CASE(a_further_field_passes_through) {
  for (const auto field : {R"("x":1)", R"("x":{"wId":["wId"]})", R"("":"")", R"("wId\u0000":"w")", R"("x":1,"x":2)",
                           R"("userList":"a,b")"}) {
    BOOST_TEST(verdict(fmt::format(R"({{{},"wId":"w","wcId":"r"}})", field)) == passes, field);
    BOOST_TEST(verdict(fmt::format(R"({{"wId":"w","wcId":"r",{}}})", field)) == passes, field);
  }
}

BOOST_AUTO_TEST_CASE(both_names_of_the_room_pass_through) {
  BOOST_TEST(verdict(R"({"wId":"w","wcId":"r","chatRoomId":"r"})") == passes);
  BOOST_TEST(verdict(R"({"wId":"w","chatRoomId":"r","wcId":"s"})") == passes);
}

BOOST_AUTO_TEST_CASE(a_broken_rule_beats_passing_through) {
  BOOST_TEST(verdict(R"({"x":1,"wId":"w","wcId":"r"} x)") == line(query_error::not_json));
  BOOST_TEST(verdict(R"({"x":[1,,2],"wId":"w","wcId":"r"})") == line(query_error::not_json));
  BOOST_TEST(verdict(R"({"x":"\q","wId":"w","wcId":"r"})") == line(query_error::not_json));
  BOOST_TEST(verdict(R"({"x":1,"wId":"w","wcId":"r","wId":"w"})") == line(query_error::duplicate_name));
  BOOST_TEST(verdict(R"({"x":1,"wcId":"r"})") == line(query_error::missing_w_id));
  BOOST_TEST(verdict(R"({"x":1,"wId":"w"})") == line(query_error::missing_room));
  BOOST_TEST(verdict(R"({"wId":"w","wcId":"r","chatRoomId":1})") == line(query_error::not_a_string));
  BOOST_TEST(verdict(R"({"wId":"w","wcId":"","chatRoomId":"r"})") == line(query_error::empty_string));
  BOOST_TEST(verdict(R"({"wId":7,"wcId":"r","x":1})") == line(query_error::not_a_string));
}

BOOST_AUTO_TEST_CASE(of_several_broken_rules_the_first_is_told) {
  BOOST_TEST(verdict(R"({"wId":1,"wId":2,"wcId":"")") == line(query_error::not_json));
  BOOST_TEST(verdict(R"({"wId":1,"wId":2,"wcId":""})") == line(query_error::duplicate_name));
  BOOST_TEST(verdict(R"({"wcId":""})") == line(query_error::missing_w_id));
  BOOST_TEST(verdict(R"({"wId":1})") == line(query_error::missing_room));
  BOOST_TEST(verdict(R"({"wId":"","wcId":1})") == line(query_error::not_a_string));
}

BOOST_AUTO_TEST_CASE(a_truncated_request_is_never_a_query) {
  for (std::size_t size = 0; size < documented_request.size(); ++size)
    BOOST_TEST(verdict(documented_request.substr(0, size)) == line(query_error::not_json));
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_harmless) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const auto with_field = [](const std::string& x) { return R"({"wId":"w","wcId":"r","x":)" + x + "}"; };
  BOOST_TEST(verdict(with_field(nested(1000))) == passes);
  BOOST_TEST(verdict(with_field(nested(2000))) == line(query_error::not_json));
  BOOST_TEST(verdict(std::string(16 * 1024, '[')) == line(query_error::not_json));
  BOOST_TEST(verdict(nested(8 * 1024)) == line(query_error::not_json));
  std::string objects;
  for (int i = 0; i < 2048; ++i)
    objects += R"({"wId":)";
  BOOST_TEST(verdict(objects) == line(query_error::not_json));
}

BOOST_AUTO_TEST_CASE(a_long_query_is_a_query) {
  for (const std::size_t size : {std::size_t{1000}, std::size_t{4000}, std::size_t{4096}, std::size_t{100'000}}) {
    const std::string w_id(size, 'w');
    BOOST_TEST((verdict(R"({"wId":")" + w_id + R"(","chatRoomId":"r"})") == line(w_id, room_field::chatRoomId, "r")));
  }
}

BOOST_AUTO_TEST_CASE(a_parser_keeps_nothing_from_the_body_before) {
  query_parser parser;
  const padded good(documented_request);
  const std::string expected = line(parser.parse(good.view()));
  for (std::size_t size = 0; size < documented_request.size(); ++size) {
    const padded broken(documented_request.substr(0, size));
    BOOST_TEST(line(parser.parse(broken.view())) == line(query_error::not_json));
    BOOST_TEST(line(parser.parse(good.view())) == expected);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_view_is_not_json) {
  query_parser parser;
  BOOST_TEST(line(parser.parse(padded_view{})) == line(query_error::not_json));
}

BOOST_AUTO_TEST_SUITE_END()
