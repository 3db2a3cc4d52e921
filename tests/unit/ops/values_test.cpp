#include "rollcall/ops/config.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

using namespace rollcall::ops;

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(a_duration_is_a_number_and_a_unit) {
  BOOST_CHECK(parse_duration("250ms") == milliseconds{250});
  BOOST_CHECK(parse_duration("5s") == milliseconds{5'000});
  BOOST_CHECK(parse_duration("10m") == milliseconds{600'000});
  BOOST_CHECK(parse_duration("1h") == milliseconds{3'600'000});
  BOOST_CHECK(parse_duration("0ms") == milliseconds{0});
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_duration) {
  for (const auto* text : {"", "5", "s", "ms", "-5s", "+5s", " 5s", "5s ", "5 s", "1.5s", "5S", "5d", "5sec", "5s5s",
                           "0x5s", "1e3s", "\xd9\xa3s"})
    BOOST_CHECK_MESSAGE(!parse_duration(text), text);
  BOOST_CHECK(!parse_duration(std::string_view{"5s\0", 3}));
}

BOOST_AUTO_TEST_CASE(a_duration_that_does_not_fit_is_refused_rather_than_wrapped) {
  BOOST_CHECK(parse_duration("9223372036854775807ms") == milliseconds::max());
  BOOST_CHECK(!parse_duration("9223372036854775808ms"));
  BOOST_CHECK(parse_duration("9223372036854775s") == milliseconds{9'223'372'036'854'775'000});
  BOOST_CHECK(!parse_duration("9223372036854776s"));
  BOOST_CHECK(!parse_duration("153722867280913m"));
  BOOST_CHECK(!parse_duration("99999999999999999999999h"));
}

BOOST_AUTO_TEST_CASE(a_size_is_a_number_with_or_without_a_unit) {
  BOOST_CHECK(parse_size("256MiB") == std::size_t{256} << 20);
  BOOST_CHECK(parse_size("512KiB") == std::size_t{512} << 10);
  BOOST_CHECK(parse_size("1GiB") == std::size_t{1} << 30);
  BOOST_CHECK(parse_size("4096B") == 4096U);
  BOOST_CHECK(parse_size("4096") == 4096U);
  BOOST_CHECK(parse_size("0") == 0U);
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_size) {
  for (const auto* text : {"", "MiB", "-1", "+1", "1MB", "1M", "1mib", "1 MiB", " 1", "1 ", "1.5GiB", "1TiB", "0x10"})
    BOOST_CHECK_MESSAGE(!parse_size(text), text);
}

BOOST_AUTO_TEST_CASE(a_size_that_does_not_fit_is_refused_rather_than_wrapped) {
  BOOST_CHECK(parse_size("18446744073709551615") == std::numeric_limits<std::size_t>::max());
  BOOST_CHECK(!parse_size("18446744073709551616"));
  BOOST_CHECK(parse_size("17179869183GiB") == std::size_t{17'179'869'183} << 30);
  BOOST_CHECK(!parse_size("17179869184GiB"));
  BOOST_CHECK(!parse_size("18014398509481984KiB"));
}

BOOST_AUTO_TEST_CASE(an_address_is_numeric_with_a_port) {
  const auto four = parse_address("127.0.0.1:8080");
  BOOST_REQUIRE(four);
  BOOST_CHECK_EQUAL(four->host, "127.0.0.1");
  BOOST_CHECK_EQUAL(four->port, 8080);
  const auto six = parse_address("[::1]:65535");
  BOOST_REQUIRE(six);
  BOOST_CHECK_EQUAL(six->host, "::1");
  BOOST_CHECK_EQUAL(six->port, 65535);
  const auto any = parse_address("0.0.0.0:0");
  BOOST_REQUIRE(any);
  BOOST_CHECK_EQUAL(any->port, 0);
  const auto local = parse_address("localhost:80");
  BOOST_REQUIRE(local);
  BOOST_CHECK_EQUAL(local->host, "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_address) {
  for (const auto* text : {"",
                           ":",
                           "8080",
                           ":8080",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:-1",
                           "127.0.0.1:+1",
                           "127.0.0.1: 1",
                           "127.0.0.1:1x",
                           "127.0.0.1:99999999999999999999",
                           "::1:8080",
                           "::1",
                           "[::1]",
                           "[::1]:",
                           "[::1:8080",
                           "::1]:8080",
                           "[127.0.0.1]:80",
                           "256.0.0.1:80",
                           "1.2.3:80",
                           "*:80",
                           "example.org:80",
                           "[fe80::1%eth0]:80",
                           "[]:80",
                           "[:80",
                           " 127.0.0.1:80"})
    BOOST_CHECK_MESSAGE(!parse_address(text), text);
  BOOST_CHECK(!parse_address(std::string_view{"127.0.0.1\0x:80", 14}));
}

BOOST_AUTO_TEST_CASE(what_an_address_shows_reads_back_as_the_same) {
  std::mt19937 random{20240501};
  for (int i = 0; i < 2'000; ++i) {
    const auto text = i % 2 == 0 ? fmt::format("{}.{}.{}.{}:{}", random() % 256, random() % 256, random() % 256,
                                               random() % 256, random() % 65536)
                                 : fmt::format("[{:x}::{:x}]:{}", random() % 65536, random() % 65536, random() % 65536);
    const auto address = parse_address(text);
    BOOST_REQUIRE_MESSAGE(address, text);
    BOOST_CHECK_EQUAL(address->to_string(), text);
  }
}

BOOST_AUTO_TEST_CASE(random_text_never_reads_as_a_value_that_it_does_not_spell) {
  std::mt19937 random{7};
  static constexpr std::string_view alphabet = "0123456789msh.:[]-+KMGiB ";
  for (int i = 0; i < 50'000; ++i) {
    std::string text(random() % 8, '\0');
    for (auto& c : text)
      c = alphabet[random() % alphabet.size()];
    const auto digits = text.find_first_not_of("0123456789");
    const auto unit = digits == std::string::npos ? "" : text.substr(digits);
    const bool counts = digits != 0 && !text.empty();
    BOOST_CHECK_EQUAL(parse_duration(text).has_value(),
                      counts && (unit == "ms" || unit == "s" || unit == "m" || unit == "h"));
    BOOST_CHECK_EQUAL(parse_size(text).has_value(),
                      counts && (unit.empty() || unit == "B" || unit == "KiB" || unit == "MiB" || unit == "GiB"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
