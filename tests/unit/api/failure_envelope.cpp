// The envelope that bots get when there is no better answer.

#include "rollcall/api/answer.hpp"

#include "oracle.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>

using namespace rollcall::api;
using namespace rollcall::api::test;
using namespace std::string_view_literals;

namespace {

std::string around(std::string_view message) {
  return R"({"message": ")" + std::string(message) + R"(", "code": "1001", "data": null})";
}

} // namespace

BOOST_AUTO_TEST_SUITE(failure_envelopes)

BOOST_AUTO_TEST_CASE(it_has_the_documented_shape) {
  BOOST_TEST(failure_envelope("失败") == around("失败"));
  BOOST_TEST(failure_envelope("") == around(""));
}

BOOST_AUTO_TEST_CASE(quotes_backslashes_and_control_bytes_are_escaped) {
  BOOST_TEST(failure_envelope("a\"b\\c\0\r\n\x1F\x7F/🦑"sv) ==
             around("a\\\"b\\\\c\\u0000\\u000d\\u000a\\u001f\x7F/🦑"));
}

BOOST_AUTO_TEST_CASE(each_broken_part_of_utf8_becomes_one_replacement_character) {
  const std::pair<std::string_view, std::string_view> cases[]{
      {"\xFF", "\uFFFD"},
      {"a\x80z", "a\uFFFDz"},
      {"\xC0\xAF", "\uFFFD\uFFFD"},
      {"\xE0\x80\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xF0\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xF5\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xE4\xB8", "\uFFFD"},
      {"\xF0\x9F\xA6", "\uFFFD"},
      {"\xF0\x9F\xA6\"", "\uFFFD\\\""},
      {"\xE4\xE4\xB8\xAD", "\uFFFD中"},
      {"\xC3\n", "\uFFFD\\u000a"},
      {"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"}};
  for (const auto& [message, written] : cases)
    BOOST_TEST(failure_envelope(message) == around(written));
}

BOOST_AUTO_TEST_CASE(a_character_that_ends_beyond_the_message_is_broken) {
  BOOST_TEST(failure_envelope("中"sv.substr(0, 2)) == around("\uFFFD"));
  BOOST_TEST(failure_envelope("🦑"sv.substr(0, 1)) == around("\uFFFD"));
}

BOOST_AUTO_TEST_CASE(any_bytes_make_a_valid_envelope_and_valid_text_survives_unchanged) {
  constexpr std::string_view pieces[]{"\"", "\\",   "\n",   "\0"sv,     "a",        "é",   "中",
                                      "🦑", "\x80", "\xC3", "\xE4\xB8", "\xF0\x9F", "\xFF"};
  constexpr std::size_t valid_pieces = 8;
  std::mt19937_64 random{1001};
  answer_parser parser;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t choice = i % 2 == 0 ? valid_pieces : std::size(pieces);
    std::string message;
    for (auto n = random() % 12; n > 0; --n)
      message += pieces[random() % choice];
    const std::string envelope = failure_envelope(message);
    const auto seen = ask_oracle(envelope);
    BOOST_REQUIRE_MESSAGE(seen && seen->fields.size() == 3, envelope);
    if (choice == valid_pieces)
      BOOST_REQUIRE_EQUAL(seen->find("message")->text, message);
    const answer a = parser.classify(padded(envelope).view());
    BOOST_REQUIRE(a.kind == answer_kind::failure && a.code == "1001");
  }
}

BOOST_AUTO_TEST_SUITE_END()
