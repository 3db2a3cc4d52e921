#include "proxy/mode.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace rollcall::proxy;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(modes)

BOOST_AUTO_TEST_CASE(each_is_read_and_written_alike) {
  for (const auto* const text : {"pass", "mute", "delay 1500us", "close", "refuse", "cut 0", "cut 1000", "garbage"}) {
    const auto read = parse_mode(text);
    BOOST_REQUIRE_MESSAGE(read.has_value(), text);
    BOOST_TEST(to_text(*read) == text);
  }
}

BOOST_AUTO_TEST_CASE(values_are_taken) {
  BOOST_TEST((parse_mode("delay 2s") == mode{.what = mode::kind::delay, .delay = 2s}));
  BOOST_TEST((parse_mode("cut 7") == mode{.what = mode::kind::cut, .bytes = 7}));
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused) {
  for (const auto* const text : {"", " ", "pas", "pass ", "pass 1", "mute 1s", "delay", "delay ", "delay 5",
                                 "delay -1s", "cut", "cut x", "cut -1", "cut 1 2", "garbage 3"}) {
    BOOST_TEST(!parse_mode(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
