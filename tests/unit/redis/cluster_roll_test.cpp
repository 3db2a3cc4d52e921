#include "rollcall/redis/cluster_roll.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace redis = rollcall::redis;
using redis::host_port;

namespace {

const host_port a{"a", 1};
const host_port b{"b", 1};
const host_port c{"c", 1};

struct fixture {
  redis::cluster_roll roll;
  std::vector<bool> known_when_heard; ///< whether c was on the roll by then
  int looks = 0;

  fixture() {
    roll.before_change([this] { known_when_heard.push_back(roll.admits(c)); });
    roll.attend([this] { ++looks; });
  }
  void admit(const std::vector<host_port>& masters) { roll.admit(masters); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_cluster_roll, fixture)

BOOST_AUTO_TEST_CASE(nobody_is_on_the_roll_at_first_and_nobody_is_told_of_the_first_masters) {
  BOOST_TEST(!roll.admits(a));
  admit({a, b});
  BOOST_TEST(roll.admits(a));
  BOOST_TEST(!roll.admits(c));
  BOOST_TEST(known_when_heard.empty());
}

BOOST_AUTO_TEST_CASE(a_new_master_is_told_of_before_it_may_be_used) {
  admit({a, b});
  admit({c, b});
  BOOST_TEST((known_when_heard == std::vector{false}));
  BOOST_TEST(roll.admits(c));
  BOOST_TEST(!roll.admits(a));
  admit({a, b}); // which comes back, and is new again
  BOOST_TEST(known_when_heard.size() == 2U);
}

BOOST_AUTO_TEST_CASE(one_that_goes_is_struck_off_and_needs_no_preparation) {
  admit({a, b, c});
  admit({a, b});
  BOOST_TEST(!roll.admits(c));
  BOOST_TEST(known_when_heard.empty());
}

BOOST_AUTO_TEST_CASE(masters_after_a_time_without_any_are_new_ones) {
  admit({a});
  admit({});
  admit({a});
  BOOST_TEST(known_when_heard.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_version_tells_of_changes_and_only_of_these) {
  const auto none = roll.version();
  admit({a, b});
  const auto first = roll.version();
  BOOST_TEST(first != none);
  admit({b, a});
  BOOST_TEST(roll.version() == first);
  admit({a});
  BOOST_TEST(roll.version() != first);
}

BOOST_AUTO_TEST_CASE(doubts_are_passed_on_once_until_they_are_dealt_with) {
  admit({a});
  for (int i = 0; i < 100; ++i) {
    roll.doubt();
  }
  BOOST_TEST(looks == 1);
  admit({a});
  roll.doubt();
  BOOST_TEST(looks == 2);
  roll.attend({});
  admit({a});
  roll.doubt();
  BOOST_TEST(looks == 2);
}

BOOST_AUTO_TEST_SUITE_END()
