#include "rollcall/cache/entry.hpp"

#include "allocations.hpp"
#include "entries.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

BOOST_AUTO_TEST_SUITE(entry_suite)

/// As a client gets it.
std::string whole(const variant& v) {
  return std::string(v.shared_fields()).append(v.bytes());
}

BOOST_AUTO_TEST_CASE(variant_is_fields_an_empty_line_and_the_body) {
  const auto plain = variant::make("application/json;charset=UTF-8", "", R"({"code":"1000"})");
  BOOST_TEST(whole(*plain) == "Content-Type: application/json;charset=UTF-8\r\n"
                              "Vary: Accept-Encoding\r\n"
                              "Content-Length: 15\r\n"
                              "\r\n"
                              R"({"code":"1000"})");
  BOOST_TEST(plain->body() == R"({"code":"1000"})");
  const auto other = variant::make("application/json", "", "{}");
  BOOST_TEST(whole(*other) == "Vary: Accept-Encoding\r\n"
                              "Content-Type: application/json\r\n"
                              "Content-Length: 2\r\n"
                              "\r\n"
                              "{}");
}

BOOST_AUTO_TEST_CASE(gzip_variant_names_its_coding) {
  const auto gzip = variant::make("application/json;charset=UTF-8", "gzip", "\x1f\x8b");
  BOOST_TEST(whole(*gzip) == "Content-Type: application/json;charset=UTF-8\r\n"
                             "Vary: Accept-Encoding\r\n"
                             "Content-Encoding: gzip\r\n"
                             "Content-Length: 2\r\n"
                             "\r\n"
                             "\x1f\x8b");
  BOOST_TEST(gzip->body() == "\x1f\x8b");
}

BOOST_AUTO_TEST_CASE(an_unknown_type_and_an_empty_body_are_possible) {
  const auto empty = variant::make("", "", "");
  BOOST_TEST(whole(*empty) == "Vary: Accept-Encoding\r\nContent-Length: 0\r\n\r\n");
  BOOST_TEST(empty->body().empty());
}

BOOST_AUTO_TEST_CASE(a_content_type_cannot_forge_fields) {
  using namespace std::string_view_literals;
  for (const auto type : {"text/html\r\nSet-Cookie: a=b"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, "a\x7f"sv})
    BOOST_TEST(whole(*variant::make(type, "", "x")) == "Vary: Accept-Encoding\r\nContent-Length: 1\r\n\r\nx");
  BOOST_TEST(variant::make("text/plain;\tq=\xc3\xa9", "", "x")
                 ->bytes()
                 .starts_with("Content-Type: text/plain;\tq=\xc3\xa9\r\n"));
}

BOOST_AUTO_TEST_CASE(the_content_type_can_be_read_again) {
  BOOST_TEST(variant::make("application/json;charset=UTF-8", "", "x")->content_type() ==
             "application/json;charset=UTF-8");
  BOOST_TEST(variant::make("a", "gzip", "")->content_type() == "a");
  BOOST_TEST(variant::make("", "", "Content-Type: text/html\r\n")->content_type() == "");
  BOOST_TEST(variant::make("a\r\nb", "", "x")->content_type() == "");
}

BOOST_AUTO_TEST_CASE(variant_keeps_every_byte_and_takes_no_spare_room) {
  std::string body;
  for (int i = 0; i < 1'000; ++i) {
    const auto v = variant::make("application/json", "", body);
    BOOST_REQUIRE(v->body() == body);
    BOOST_REQUIRE(v->footprint() < v->bytes().size() + 64);
    body += static_cast<char>(i * 7);
  }
}

BOOST_AUTO_TEST_CASE(a_variant_lives_as_long_as_its_last_user,
                     *boost::unit_test::enable_if<rollcall::test::allocations_are_counted>()) {
  const auto before = allocations_of_this_thread().held;
  auto first = variant::make("", "", std::string(5'000, 'x'));
  auto second = first;
  first.reset();
  BOOST_TEST(second->body() == std::string(5'000, 'x'));
  second.reset();
  BOOST_TEST(allocations_of_this_thread().held == before);
}

BOOST_AUTO_TEST_CASE(bytes_are_what_malloc_really_gave,
                     *boost::unit_test::enable_if<rollcall::test::allocations_are_counted>()) {
  for (const std::size_t size : {0UL, 10UL, 100UL, 5'000UL, 100'000UL, 300'000UL})
    for (const std::size_t name : {20UL, 70UL, 256UL}) { // of which the first lies in the entry
      const auto before = allocations_of_this_thread().held;
      auto e = make_entry(room(std::string(name, 'r')), size);
      if (size > 1'000)
        e->gzip = variant::make("application/json", "gzip", std::string(size / 4, 'z'));
      const auto held = static_cast<std::size_t>(allocations_of_this_thread().held - before);
      // malloc leaves 16 bytes too many in a block rather than split off a piece that is too small to use.
      constexpr std::size_t blocks = 4;
      BOOST_TEST(e->bytes() + 16 * blocks >= held);
      BOOST_TEST(e->bytes() <= held + 200 + held / 10);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
