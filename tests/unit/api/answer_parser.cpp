// What an upstream's answer is taken for.

#include "rollcall/api/answer.hpp"

#include "mutations.hpp"
#include "oracle.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

using namespace rollcall::api;
using namespace rollcall::api::test;
using namespace std::string_view_literals;

namespace rollcall::api {

std::ostream& operator<<(std::ostream& out, answer_kind k) {
  return out << to_string(k);
}

} // namespace rollcall::api

namespace {

/// What the parser says, whatever lies behind the body.
answer classify(std::string_view body) {
  static answer_parser parser;
  padded text(body);
  const answer first = parser.classify(text.view());
  for (const char filler : fillers) {
    text.fill(filler);
    const answer again = parser.classify(text.view());
    BOOST_TEST_REQUIRE(again.kind == first.kind);
    BOOST_TEST_REQUIRE(again.code == first.code);
    BOOST_TEST_REQUIRE(again.message == first.message);
    BOOST_TEST_REQUIRE(again.members == first.members);
  }
  return first;
}

} // namespace

BOOST_AUTO_TEST_SUITE(answer_parser_rules)

BOOST_AUTO_TEST_CASE(the_documented_answer_is_a_success) {
  const answer a = classify(documented_answer);
  BOOST_TEST(a.kind == answer_kind::success);
  BOOST_TEST(a.code == "1000");
  BOOST_TEST(a.message == "成功");
  BOOST_TEST(a.members == 2u);
}

BOOST_AUTO_TEST_CASE(the_documented_failure_is_a_failure) {
  const answer a = classify(documented_failure);
  BOOST_TEST(a.kind == answer_kind::failure);
  BOOST_TEST(a.code == "1001");
  BOOST_TEST(a.message == "失败");
  BOOST_TEST(a.members == 0u);
}

BOOST_AUTO_TEST_CASE(the_code_may_be_a_number_and_the_message_msg) {
  const answer a = classify(R"({"code":1000,"msg":"ok","data":[]})");
  BOOST_TEST(a.kind == answer_kind::success);
  BOOST_TEST(a.code == "1000");
  BOOST_TEST(a.message == "ok");
}

BOOST_AUTO_TEST_CASE(any_other_code_is_a_failure) {
  const std::pair<std::string_view, std::string_view> codes[]{{"1001", "1001"},
                                                              {"10001", "10001"},
                                                              {"0", "0"},
                                                              {"-1", "-1"},
                                                              {R"("")", ""},
                                                              {R"("1000 ")", "1000 "},
                                                              {R"("01000")", "01000"},
                                                              {R"("ok")", "ok"},
                                                              {"-9223372036854775808", "-9223372036854775808"},
                                                              {"18446744073709551615", "18446744073709551615"},
                                                              {R"("1000\u0000")", "1000\0"sv}};
  for (const auto& [json, text] : codes) {
    const answer a = classify(fmt::format(R"({{"code":{},"data":[1]}})", json));
    BOOST_TEST(a.kind == (text.empty() ? answer_kind::unreadable : answer_kind::failure), json);
    BOOST_TEST(a.code == text, json);
  }
}

BOOST_AUTO_TEST_CASE(a_success_without_a_list_is_odd) {
  for (const auto body : {R"({"code":1000})", R"({"code":"1000","data":null})", R"({"code":1000,"data":{}})",
                          R"({"code":1000,"data":"[]"})", R"({"code":1000,"x":{"data":[]}})"})
    BOOST_TEST(classify(body).kind == answer_kind::odd, body);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_for_certain_is_unreadable) {
  for (const auto body : {""sv,
                          "<html>502</html>"sv,
                          "null"sv,
                          "[]"sv,
                          R"([{"code":1000,"data":[]}])"sv,
                          "{}"sv,
                          R"({"data":[]})"sv,
                          R"({"code":1000.0,"data":[]})"sv,
                          R"({"code":1e3,"data":[]})"sv,
                          R"({"code":null,"data":[]})"sv,
                          R"({"code":true,"data":[]})"sv,
                          R"({"code":[1000],"data":[]})"sv,
                          R"({"code":{},"data":[]})"sv,
                          R"({"code":1000,"data":[]} x)"sv,
                          R"({"code":1000,"data":[]}{})"sv,
                          R"({"code":1000,"data":[1,]})"sv,
                          R"({"code":1000,"data":[}])"sv,
                          "{\"code\":1000,\"data\":[\"\xFF\"]}"sv,
                          "{\"code\":1000,\"data\":[]}\0"sv,
                          "\xEF\xBB\xBF{\"code\":1000,\"data\":[]}"sv,
                          R"({"code":18446744073709551616,"data":[]})"sv}) {
    const answer a = classify(body);
    BOOST_TEST(a.kind == answer_kind::unreadable, body);
    BOOST_TEST(a.code.empty());
    BOOST_TEST(a.message.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_repeated_code_or_list_is_unreadable) {
  for (const auto body : {R"({"code":1000,"code":1001,"data":[]})", R"({"code":1000,"\u0063ode":1000,"data":[]})",
                          R"({"code":1000,"data":[],"data":null})", R"({"code":1001,"data":null,"data":null})"})
    BOOST_TEST(classify(body).kind == answer_kind::unreadable, body);
}

BOOST_AUTO_TEST_CASE(message_is_preferred_to_msg_where_it_is_a_string) {
  BOOST_TEST(classify(R"({"code":1,"msg":"b","message":"a"})").message == "a");
  BOOST_TEST(classify(R"({"code":1,"msg":"b","message":null})").message == "b");
  BOOST_TEST(classify(R"({"code":1,"msg":7})").message.empty());
}

BOOST_AUTO_TEST_CASE(a_long_message_is_cut_at_a_whole_character) {
  const auto kept = [](const std::string& message) {
    return classify(fmt::format(R"({{"code":1001,"message":"{}"}})", message)).message;
  };
  const std::string a(200, 'a');
  BOOST_TEST(kept(a) == a);
  BOOST_TEST(kept(a + "a") == a);
  for (const std::size_t before : {196u, 197u, 198u, 199u, 200u}) {
    const std::string prefix(before, 'a');
    BOOST_TEST(kept(prefix + "🦑🦑") == (before == 196 ? prefix + "🦑" : prefix));
  }
}

BOOST_AUTO_TEST_CASE(a_long_code_is_cut_and_still_a_failure) {
  const answer a = classify(fmt::format(R"({{"code":"1000{}","data":[]}})", std::string(100'000, '0')));
  BOOST_TEST(a.kind == answer_kind::failure);
  BOOST_TEST(a.code.size() == 32u);
}

BOOST_AUTO_TEST_CASE(a_truncated_answer_is_unreadable) {
  for (const auto whole : {documented_answer, documented_failure, R"({"code":1000,"data":[],"msg":"x"})"sv})
    for (std::size_t size = 0; size < whole.size(); ++size)
      BOOST_TEST(classify(whole.substr(0, size)).kind == answer_kind::unreadable);
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_harmless) {
  BOOST_TEST(classify(std::string(1 << 20, '[')).kind == answer_kind::unreadable);
  const std::string nested = std::string(100'000, '[') + std::string(100'000, ']');
  BOOST_TEST(classify(R"({"code":1000,"data":)" + nested + "}").kind == answer_kind::unreadable);
}

BOOST_AUTO_TEST_CASE(half_an_emoji_in_a_nickname_does_not_spoil_the_room) {
  for (const auto name : {R"(\ud83e)"sv, R"(\udd91)"sv, R"(\udd91\ud83e)"sv, R"(\ud83e\ud83e\udd91)"sv,
                          R"(\\\uD83E\n)"sv, R"(\ud83e\u0041)"sv, R"(\uDBFF)"sv})
    BOOST_TEST(classify(fmt::format(R"({{"code":1000,"data":[{{"nickName":"{}"}}]}})", name)).kind ==
                   answer_kind::success,
               name);
  BOOST_TEST(classify(R"({"code":1000,"data":["\ud83e","\ud83"]})").kind == answer_kind::unreadable);
  BOOST_TEST(classify(R"({"code":1000,"data":["\ud83e"})").kind == answer_kind::unreadable);
}

BOOST_AUTO_TEST_CASE(a_list_of_16_MiB_is_read) {
  std::string body = R"({"code":1000,"data":[{})";
  constexpr std::string_view member = R"(,{"userName":"wxid_cf2r2mdypejh32","nickName":"Gun🦑","displayName":null})";
  std::size_t members = 1;
  for (; body.size() < 16u << 20; ++members)
    body += member;
  body += "]}";
  answer_parser parser;
  const answer a = parser.classify(padded(body).view());
  BOOST_TEST(a.kind == answer_kind::success);
  BOOST_TEST(a.members == members);
}

BOOST_AUTO_TEST_CASE(the_second_parser_agrees_about_mutations) {
  std::map<std::string_view, int> kinds;
  const auto compare = [&](const std::string& body) {
    if (body.find("\\ud") != std::string::npos)
      return; // half a pair is where the two differ, on purpose
    const std::string_view expected = expected_kind(body);
    const std::string_view said = to_string(classify(body).kind);
    if (said != expected)
      BOOST_ERROR("'" << body << "': " << said << "; the second parser: " << expected);
    ++kinds[expected];
  };
  every_single_byte_mutation(R"({"message":"成","code":"1000","data":[{"a":null}]})", compare);
  every_single_byte_mutation(R"({"code":1000,"data":[1,[]]})", compare);
  random_mutations(documented_failure, 5'000, compare);
  random_mutations(R"({"code":1000,"data":[{"nickName":"Gun🦑"}]})", 10'000, compare);
  BOOST_TEST(kinds.size() == 4u, "every kind should occur");
}

BOOST_AUTO_TEST_SUITE_END()
