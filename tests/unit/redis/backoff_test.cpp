#include "rollcall/redis/backoff.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <random>

using rollcall::redis::backoff;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(redis_backoff)

namespace {
constexpr double almost_one = 0.999999;
}

BOOST_AUTO_TEST_CASE(the_ceiling_doubles_up_to_the_most) {
  backoff b(milliseconds(50), milliseconds(2000));
  for (int ceiling : {50, 100, 200, 400, 800, 1600, 2000, 2000, 2000}) {
    BOOST_TEST(b.next(almost_one).count() == ceiling - 1);
  }
}

BOOST_AUTO_TEST_CASE(the_jitter_is_full) {
  backoff b(milliseconds(50), milliseconds(2000));
  BOOST_TEST(b.next(0).count() == 0);
  BOOST_TEST(b.next(0.5).count() == 50);
}

BOOST_AUTO_TEST_CASE(a_reset_begins_anew) {
  backoff b(milliseconds(50), milliseconds(2000));
  for (int i = 0; i < 10; ++i) {
    b.next(0.5);
  }
  b.reset();
  BOOST_TEST(b.next(almost_one).count() == 49);
}

BOOST_AUTO_TEST_CASE(a_first_above_the_most_is_the_most) {
  backoff b(milliseconds(500), milliseconds(100));
  BOOST_TEST(b.next(almost_one).count() == 99);
  BOOST_TEST(b.next(almost_one).count() == 99);
}

BOOST_AUTO_TEST_CASE(no_wait_is_negative_or_above_the_most_however_often_and_large) {
  std::mt19937 random(7);
  std::uniform_real_distribution<> uniform;
  for (auto most : {milliseconds(1), milliseconds(2000), milliseconds(std::chrono::hours(24 * 365 * 100))}) {
    backoff b(milliseconds(1), most);
    for (int i = 0; i < 2000; ++i) {
      const auto wait = b.next(uniform(random));
      BOOST_REQUIRE(wait >= milliseconds(0));
      BOOST_REQUIRE(wait < most);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
