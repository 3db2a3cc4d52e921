#include "rollcall/upstream/ejection.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using rollcall::upstream::ejection;
using change = ejection::change;

const ejection::time_point start{1000h};

/// Ejected at `start`, for 100 ms.
ejection ejected() {
  ejection e({.after = 3, .first = 100ms, .most = 350ms});
  BOOST_TEST((e.failed(start) == change::none));
  BOOST_TEST((e.failed(start) == change::none));
  BOOST_TEST((e.failed(start) == change::ejected));
  return e;
}

BOOST_AUTO_TEST_SUITE(ejection_suite)

BOOST_AUTO_TEST_CASE(only_failures_in_a_row_count) {
  ejection e({.after = 3, .first = 100ms, .most = 100ms});
  for (int i = 0; i < 10; ++i) {
    e.failed(start);
    e.failed(start);
    BOOST_TEST(e.failures() == 2U);
    BOOST_TEST((e.succeeded() == change::none));
    BOOST_TEST(e.takes(start));
  }
  BOOST_TEST(!e.is_out());
}

BOOST_AUTO_TEST_CASE(an_ejected_one_takes_one_call_each_time_that_its_pause_is_over) {
  auto e = ejected();
  BOOST_TEST(e.is_out());
  BOOST_TEST(!e.takes(start));
  BOOST_TEST(!e.takes(start + 99ms));
  BOOST_TEST(e.takes(start + 100ms));
  BOOST_TEST(!e.takes(start + 100ms));
  // That one hangs: the next is tried all the same.
  BOOST_TEST(!e.takes(start + 199ms));
  BOOST_TEST(e.takes(start + 200ms));
}

BOOST_AUTO_TEST_CASE(each_attempt_in_vain_doubles_the_pause_up_to_a_limit) {
  auto e = ejected();
  auto now = start;
  for (const auto pause : {100ms, 200ms, 350ms, 350ms}) {
    BOOST_TEST(!e.takes(now + pause - 1ms));
    now += pause;
    BOOST_TEST(e.takes(now));
    BOOST_TEST((e.failed(now) == change::none));
  }
}

BOOST_AUTO_TEST_CASE(what_was_under_way_when_it_was_ejected_does_not_prolong_it) {
  auto e = ejected();
  for (int i = 0; i < 100; ++i)
    BOOST_TEST((e.failed(start + 50ms) == change::none));
  BOOST_TEST(e.takes(start + 100ms));
}

// Such as one that was passed through.
BOOST_AUTO_TEST_CASE(a_success_ends_it_whoever_has_it) {
  auto e = ejected();
  BOOST_TEST((e.succeeded() == change::readmitted));
  BOOST_TEST(!e.is_out());
  BOOST_TEST(e.takes(start));
  BOOST_TEST(e.takes(start));
  // The next time begins as the first did.
  e.failed(start + 1s);
  e.failed(start + 1s);
  BOOST_TEST((e.failed(start + 1s) == change::ejected));
  BOOST_TEST(!e.takes(start + 1099ms));
  BOOST_TEST(e.takes(start + 1100ms));
}

BOOST_AUTO_TEST_CASE(zero_never_ejects) {
  ejection e({.after = 0, .first = 100ms, .most = 100ms});
  for (int i = 0; i < 1000; ++i)
    BOOST_TEST((e.failed(start) == change::none));
  BOOST_TEST(e.takes(start));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
