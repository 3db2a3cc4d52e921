#include "rollcall/redis/complaints.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

namespace net = rollcall::net;
using rollcall::redis::complaints;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(redis_complaints)

namespace {
const net::steady_clock::time_point start{};
}

BOOST_AUTO_TEST_CASE(a_kind_is_news_once_a_pause) {
  complaints c;
  BOOST_TEST(c.is_news("OOM", start));
  BOOST_TEST(!c.is_news("OOM", start));
  BOOST_TEST(!c.is_news("OOM", start + complaints::pause - milliseconds(1)));
  BOOST_TEST(c.is_news("OOM", start + complaints::pause));
  BOOST_TEST(!c.is_news("OOM", start + complaints::pause + milliseconds(1)));
}

BOOST_AUTO_TEST_CASE(another_kind_is_news_and_takes_nothing_back) {
  complaints c;
  BOOST_TEST(c.is_news("OOM", start));
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(c.is_news("READONLY", start) == (i == 0));
    BOOST_TEST(!c.is_news("OOM", start));
  }
}

BOOST_AUTO_TEST_CASE(only_the_latest_kinds_are_remembered) {
  complaints c;
  for (std::size_t i = 0; i <= complaints::kinds_most; ++i) {
    BOOST_TEST(c.is_news(std::to_string(i), start));
  }
  BOOST_TEST(!c.is_news("1", start));
  BOOST_TEST(c.is_news("0", start));
}

BOOST_AUTO_TEST_SUITE_END()
