#include "../../../src/redis/master_belief.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

namespace redis = rollcall::redis;
using redis::host_port;
using redis::master_belief;
using redis::master_opinion;

BOOST_AUTO_TEST_SUITE(redis_master_belief)

namespace {

const host_port a{"10.0.0.1", 6379};
const host_port b{"10.0.0.2", 6379};
const host_port c{"10.0.0.3", 6379};

master_belief at_a(std::uint64_t epoch = 3) {
  master_belief m;
  BOOST_TEST(m.told({a, epoch}));
  return m;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_first_to_tell_is_believed) {
  master_belief m;
  BOOST_TEST(!m.master().has_value());
  BOOST_TEST(m.told({a, 0}));
  BOOST_TEST((m.master() == a));
  BOOST_TEST(!m.told({a, 3})); // the same again
}

BOOST_AUTO_TEST_CASE(a_later_configuration_wins_and_an_older_one_does_not) {
  auto m = at_a(3);
  BOOST_TEST(!m.told({b, 2}));
  BOOST_TEST(!m.told({b, 3}));
  BOOST_TEST(m.told({b, 4}));
  BOOST_TEST((m.master() == b));
  BOOST_TEST(!m.told({a, 3})); // one that has not heard of it
}

BOOST_AUTO_TEST_CASE(an_announcement_is_followed_and_who_is_behind_does_not_lead_back) {
  auto m = at_a(3);
  BOOST_TEST(m.announced(a, b));
  BOOST_TEST((m.master() == b));
  BOOST_TEST(!m.told({a, 3}));
  BOOST_TEST(!m.announced(a, b)); // the others tell the same
  BOOST_TEST(!m.told({b, 4}));
  BOOST_TEST(m.announced(b, a)); // and back
  BOOST_TEST(!m.told({b, 4}));
  BOOST_TEST(!m.told({a, 5}));
  BOOST_TEST((m.master() == a));
}

BOOST_AUTO_TEST_CASE(an_announcement_from_elsewhere_waits_for_a_question) {
  auto m = at_a(3);
  BOOST_TEST(!m.announced(b, c));
  BOOST_TEST((m.master() == a));
  BOOST_TEST(m.told({c, 5}));
}

BOOST_AUTO_TEST_CASE(the_last_announcement_of_a_switch_comes_after_the_next_switch) {
  auto m = at_a(3);
  BOOST_TEST(m.announced(a, b));
  BOOST_TEST(m.announced(b, c));
  BOOST_TEST(!m.announced(a, b));
  BOOST_TEST((m.master() == c));
}

BOOST_AUTO_TEST_CASE(an_announcement_is_believed_when_nothing_is_known) {
  master_belief m;
  BOOST_TEST(m.announced(a, b));
  BOOST_TEST((m.master() == b));
}

BOOST_AUTO_TEST_CASE(without_epochs_anything_does_but_where_we_came_from) {
  auto m = at_a(0);
  BOOST_TEST(m.announced(a, b));
  BOOST_TEST(!m.told({a, 0}));
  BOOST_TEST(m.told({c, 0}));
  BOOST_TEST((m.master() == c));
}

BOOST_AUTO_TEST_CASE(those_who_agree_overrule_what_was_heard_before) {
  auto m = at_a(30);
  BOOST_TEST(!m.told({b, 1})); // they were set up anew
  BOOST_TEST(m.overruled(std::array<master_opinion, 2>{{{b, 1}, {b, 2}}}));
  BOOST_TEST((m.master() == b));
  BOOST_TEST(m.told({c, 3}));
}

BOOST_AUTO_TEST_CASE(those_who_do_not_agree_overrule_nothing) {
  auto m = at_a(30);
  BOOST_TEST(!m.overruled({}));
  BOOST_TEST(!m.overruled(std::array<master_opinion, 1>{{{a, 1}}}));
  BOOST_TEST(!m.overruled(std::array<master_opinion, 2>{{{a, 1}, {b, 2}}}));
  BOOST_TEST(!m.overruled(std::array<master_opinion, 2>{{{c, 1}, {b, 2}}}));
  BOOST_TEST((m.master() == a));
  master_belief none;
  BOOST_TEST(!none.overruled(std::array<master_opinion, 1>{{{b, 1}}}));
}

BOOST_AUTO_TEST_SUITE_END()
