// However a query is spelt, it is the same query; and its canonical body says exactly that.

#include "rollcall/api/query.hpp"

#include "samples.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <set>

using namespace rollcall::api;
using namespace rollcall::api::test;
using namespace std::string_view_literals;

namespace {

/// What identities, keys and bodies could stumble over.
constexpr std::u32string_view alphabet =
    U"\"\\:%{},[]/@ aw0\u0000\u0001\n\t\u001F\u007F\u0080\u00E9\u07FF\u0800\u2028\u4E2D"
    U"\uD7FF\uE000\uFEFF\uFFFD\uFFFF\U00010000\U0001F991\U0010FFFF"sv;

std::string utf8(char32_t c) {
  const auto byte = [](char32_t b) { return static_cast<char>(static_cast<unsigned char>(b)); };
  if (c < 0x80)
    return {byte(c)};
  if (c < 0x800)
    return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000)
    return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
}

std::string utf8(std::u32string_view text) {
  std::string bytes;
  for (const char32_t c : text)
    bytes += utf8(c);
  return bytes;
}

struct logical {
  std::u32string w_id;
  room_field field;
  std::u32string room;
};

class speller {
public:
  logical query() { return {text(), below(2) == 0 ? room_field::wcId : room_field::chatRoomId, text()}; }

  std::string body(const logical& q) {
    std::array fields{field(U"wId", q.w_id), field(q.field == room_field::wcId ? U"wcId" : U"chatRoomId", q.room)};
    if (below(2) == 0)
      std::swap(fields[0], fields[1]);
    return space() + "{" + fields[0] + "," + fields[1] + "}" + space();
  }

private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  std::u32string text() {
    std::u32string t(1 + below(12), U'?');
    std::ranges::generate(t, [this] { return alphabet[below(alphabet.size())]; });
    return t;
  }

  std::string space() {
    std::string s(below(4), ' ');
    std::ranges::generate(s, [this] { return " \t\r\n"[below(4)]; });
    return s;
  }

  std::string unit(char32_t u) {
    const auto value = static_cast<std::uint32_t>(u);
    return below(2) == 0 ? fmt::format("\\u{:04x}", value) : fmt::format("\\u{:04X}", value);
  }

  std::string character(char32_t c) {
    constexpr std::u32string_view shortened = U"\"\\/\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\/bfnrt";
    const bool must_escape = c < 0x20 || c == U'"' || c == U'\\';
    if (!must_escape && below(3) != 0)
      return utf8(c);
    if (const auto at = shortened.find(c); at != shortened.npos && below(2) == 0)
      return {'\\', letters[at]};
    if (c < 0x10000)
      return unit(c);
    return unit(0xD800 + ((c - 0x10000) >> 10)) + unit(0xDC00 + ((c - 0x10000) & 0x3FF));
  }

  std::string string(std::u32string_view t) {
    std::string s = "\"";
    for (const char32_t c : t)
      s += character(c);
    return s + '"';
  }

  std::string field(std::u32string_view name, std::u32string_view value) {
    return space() + string(name) + space() + ":" + space() + string(value) + space();
  }

  std::mt19937_64 random_{18081};
};

std::string canonical(std::string_view body) {
  static query_parser parser;
  const padded text(body);
  const auto parsed = parser.parse(text.view());
  const auto* q = std::get_if<query>(&parsed);
  return q == nullptr ? "" : canonical_body(*q);
}

} // namespace

BOOST_AUTO_TEST_SUITE(query_spelling)

BOOST_AUTO_TEST_CASE(every_spelling_of_a_query_is_that_query) {
  speller s;
  for (int i = 0; i < 5'000; ++i) {
    const logical q = s.query();
    const std::string expected = line(utf8(q.w_id), q.field, utf8(q.room));
    const std::string one = s.body(q);
    const std::string other = s.body(q);
    BOOST_REQUIRE_MESSAGE(verdict(one) == expected, one);
    BOOST_REQUIRE_MESSAGE(verdict(other) == expected, other);
    BOOST_REQUIRE_MESSAGE(verdict(canonical(one)) == expected, one);
    BOOST_REQUIRE_EQUAL(canonical(one), canonical(other));
  }
}

BOOST_AUTO_TEST_CASE(different_queries_have_different_canonical_bodies) {
  const std::array texts{"a"sv,  "\""sv,      "\\"sv, "\\\""sv,   "a\",\"wcId\":\"b"sv,
                         "\0"sv, "\\u0000"sv, "@"sv,  "\\u0040"sv};
  std::set<std::string> bodies;
  for (const auto w_id : texts)
    for (const auto room : texts)
      for (const auto field : {room_field::wcId, room_field::chatRoomId})
        bodies.insert(canonical_body({w_id, field, room}));
  BOOST_TEST(bodies.size() == texts.size() * texts.size() * 2);
}

BOOST_AUTO_TEST_CASE(a_canonical_body_is_compact) {
  BOOST_TEST(canonical(documented_request) ==
             R"({"wId":"0000016e-6343-089e-0001-e2ef939176f6","wcId":"23321854893@chatroom"})");
  BOOST_TEST(canonical_body({"w", room_field::chatRoomId, "r"}) == R"({"wId":"w","chatRoomId":"r"})");
}

BOOST_AUTO_TEST_CASE(a_canonical_body_escapes_what_json_requires_and_no_more) {
  BOOST_TEST(canonical_body({"\"\\\0\n\x1F"sv, room_field::wcId, "\x7F/é中🦑"}) ==
             "{\"wId\":\"\\\"\\\\\\u0000\\u000a\\u001f\",\"wcId\":\"\x7F/é中🦑\"}");
}

BOOST_AUTO_TEST_SUITE_END()
