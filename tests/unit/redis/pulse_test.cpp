#include "../../../src/redis/pulse.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using rollcall::redis::pulse;
using std::chrono::milliseconds;
using verdict = pulse::verdict;

BOOST_AUTO_TEST_SUITE(redis_pulse)

namespace {

struct fixture {
  pulse p{milliseconds(100), milliseconds(300)};

  static pulse::time_point at(int ms) { return pulse::time_point(milliseconds(ms)); }
  bool says(verdict v, int ms) { return p.look(at(ms)) == v; }

  fixture() { p.heard(at(1000)); }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(who_speaks_is_not_asked, fixture) {
  for (int now = 1000; now < 3000; now += 90) {
    BOOST_TEST(says(verdict::alive, now));
    p.heard(at(now));
  }
}

BOOST_FIXTURE_TEST_CASE(who_is_silent_is_asked_once_a_heartbeat, fixture) {
  BOOST_TEST(says(verdict::alive, 1099));
  BOOST_TEST(says(verdict::ask, 1100));
  BOOST_TEST(says(verdict::alive, 1100));
  BOOST_TEST(says(verdict::alive, 1199));
  BOOST_TEST(says(verdict::ask, 1200));
}

BOOST_FIXTURE_TEST_CASE(who_answers_is_alive, fixture) {
  BOOST_TEST(says(verdict::ask, 1100));
  p.heard(at(1290));
  BOOST_TEST(says(verdict::alive, 1300));
  BOOST_TEST(says(verdict::ask, 1390));
  BOOST_TEST(says(verdict::ask, 1589));
  BOOST_TEST(says(verdict::dead, 1590));
}

BOOST_FIXTURE_TEST_CASE(who_says_nothing_is_dead_although_asked, fixture) {
  BOOST_TEST(says(verdict::ask, 1150));
  BOOST_TEST(says(verdict::ask, 1299));
  BOOST_TEST(says(verdict::dead, 1300));
  BOOST_TEST(says(verdict::dead, 9000));
}

BOOST_FIXTURE_TEST_CASE(the_next_look_is_when_something_changes, fixture) {
  BOOST_TEST((p.next() == at(1100)));
  BOOST_TEST(says(verdict::ask, 1150));
  BOOST_TEST((p.next() == at(1250)));
  BOOST_TEST(says(verdict::ask, 1250));
  BOOST_TEST((p.next() == at(1300))); // dead, before it would be asked again
  p.heard(at(1290));
  BOOST_TEST((p.next() == at(1390)));
}

BOOST_AUTO_TEST_SUITE_END()
