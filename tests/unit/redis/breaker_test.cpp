#include "rollcall/redis/breaker.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using rollcall::redis::breaker;
using rollcall::redis::breaker_options;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(redis_breaker)

namespace {

constexpr breaker_options options{.failures = 3, .pause_first = milliseconds(50), .pause_most = milliseconds(400)};

breaker::time_point at(int ms) {
  return breaker::time_point(milliseconds(ms));
}

bool opened(breaker& b, int ms) {
  return b.failed(options.failures, at(ms));
}

} // namespace

BOOST_AUTO_TEST_CASE(begins_closed) {
  BOOST_TEST(!breaker().open());
}

BOOST_AUTO_TEST_CASE(opens_with_the_last_of_so_many_failures_in_a_row) {
  breaker b(options);
  BOOST_TEST(!b.failed(1, at(0)));
  BOOST_TEST(!b.failed(1, at(1)));
  BOOST_TEST(!b.open());
  BOOST_TEST(b.failed(1, at(2)));
  BOOST_TEST(b.open());
}

BOOST_AUTO_TEST_CASE(failures_of_one_moment_count_one_by_one) {
  breaker b(options);
  BOOST_TEST(!b.failed(2, at(0)));
  BOOST_TEST(b.failed(2, at(0)));
}

BOOST_AUTO_TEST_CASE(an_answer_in_time_ends_the_row) {
  breaker b(options);
  for (int i = 0; i < 100; ++i) {
    BOOST_TEST(!b.failed(2, at(i)));
    b.answered();
  }
  BOOST_TEST(!b.open());
}

BOOST_AUTO_TEST_CASE(it_opens_once) {
  breaker b(options);
  BOOST_TEST(opened(b, 0));
  BOOST_TEST(!opened(b, 1));
  BOOST_TEST(b.open());
}

BOOST_AUTO_TEST_CASE(while_it_is_open_only_a_probe_that_goes_well_closes_it) {
  breaker b(options);
  BOOST_TEST(!b.probed(true, at(0))); // there is nothing to close
  BOOST_TEST(opened(b, 0));
  b.answered(); // a late one, or that of a probe
  BOOST_TEST(b.open());
  BOOST_TEST(!b.probed(false, at(10)));
  BOOST_TEST(b.open());
  BOOST_TEST(b.probed(true, at(20)));
  BOOST_TEST(!b.open());
}

BOOST_AUTO_TEST_CASE(once_closed_it_counts_from_nothing) {
  breaker b(options);
  BOOST_TEST(opened(b, 0));
  BOOST_TEST(!b.failed(2, at(1)));
  BOOST_TEST(b.probed(true, at(10)));
  BOOST_TEST(!b.failed(2, at(11)));
  BOOST_TEST(b.failed(1, at(12)));
}

BOOST_AUTO_TEST_CASE(pauses_grow_up_to_a_limit_and_are_spread) {
  breaker b(options);
  BOOST_TEST(opened(b, 0));
  BOOST_TEST(b.pause(0.0).count() == 0);
  BOOST_TEST(b.pause(0.5).count() == 50);
  BOOST_TEST(b.pause(0.5).count() == 100);
  BOOST_TEST(b.pause(0.5).count() == 200);
  BOOST_TEST(b.pause(0.5).count() == 200);
  BOOST_TEST(b.pause(0.999).count() < 400);
}

BOOST_AUTO_TEST_CASE(a_server_that_only_answers_probes_is_probed_less_and_less) {
  breaker b(options);
  BOOST_TEST(opened(b, 0));
  BOOST_TEST(b.pause(0.5).count() == 25);
  BOOST_TEST(b.probed(true, at(10)));
  BOOST_TEST(opened(b, 20));
  BOOST_TEST(b.pause(0.5).count() == 50);
}

BOOST_AUTO_TEST_CASE(one_that_was_well_for_a_while_is_probed_soon) {
  breaker b(options);
  BOOST_TEST(opened(b, 0));
  BOOST_TEST(b.pause(0.5).count() == 25);
  BOOST_TEST(b.pause(0.5).count() == 50);
  BOOST_TEST(b.probed(true, at(10)));
  BOOST_TEST(opened(b, 10 + 800));
  BOOST_TEST(b.pause(0.5).count() == 25);
}

BOOST_AUTO_TEST_SUITE_END()
