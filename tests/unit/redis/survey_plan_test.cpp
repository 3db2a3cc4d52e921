#include "../../../src/redis/survey_plan.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace redis = rollcall::redis;
using redis::host_port;
using redis::survey_order;
using redis::survey_schedule;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using nodes = std::vector<host_port>;

const host_port a{"a", 1};
const host_port b{"b", 1};
const host_port c{"c", 1};
const host_port d{"d", 1};

redis::slot_map map_of(const nodes& masters) {
  redis::slot_map m;
  std::uint16_t slot = 0;
  for (const auto& master : masters) {
    m.learn(slot++, master);
  }
  return m;
}

const survey_schedule::time_point start{std::chrono::hours(1)};

survey_schedule scheduled() {
  return {seconds(10), milliseconds(50), milliseconds(1000)};
}

void pass(survey_schedule& s, survey_schedule::time_point at, bool calm) {
  s.begun();
  s.ended(at, calm, 1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_survey_plan)

BOOST_AUTO_TEST_CASE(seeds_are_asked_first_each_once) {
  BOOST_TEST((survey_order({a, b, a}).nodes() == nodes{a, b}));
}

BOOST_AUTO_TEST_CASE(who_fails_goes_to_the_end) {
  survey_order o({a, b, c});
  o.failed(a);
  BOOST_TEST((o.nodes() == nodes{b, c, a}));
  o.failed(c);
  BOOST_TEST((o.nodes() == nodes{b, a, c}));
  o.failed(d);
  BOOST_TEST((o.nodes() == nodes{b, a, c}));
}

BOOST_AUTO_TEST_CASE(who_knows_better_comes_first) {
  survey_order o({a, b, c});
  o.prefer(c);
  BOOST_TEST((o.nodes() == nodes{c, a, b}));
  o.prefer(d);
  BOOST_TEST((o.nodes() == nodes{c, a, b}));
}

BOOST_AUTO_TEST_CASE(the_order_outlasts_a_new_map_and_so_do_the_seeds) {
  survey_order o({a});
  o.adopt(map_of({b, c}));
  BOOST_TEST((o.nodes() == nodes{b, c, a}));
  o.failed(b);
  BOOST_TEST((o.nodes() == nodes{c, a, b}));
  o.adopt(map_of({b, c, d}));
  BOOST_TEST((o.nodes() == nodes{c, b, d, a}));
  o.adopt(map_of({d}));
  BOOST_TEST((o.nodes() == nodes{d, a}));
  o.adopt(map_of({}));
  BOOST_TEST((o.nodes() == nodes{a}));
}

BOOST_AUTO_TEST_CASE(the_first_round_is_due_at_once) {
  BOOST_TEST((scheduled().next() <= start));
}

BOOST_AUTO_TEST_CASE(while_all_is_well_nodes_are_asked_once_a_period) {
  auto s = scheduled();
  pass(s, start, true);
  BOOST_TEST((s.next() == start + seconds(10)));
  s.begun();
  s.ended(start, true, 0);
  BOOST_TEST((s.next() == start + seconds(5))); // spread
}

BOOST_AUTO_TEST_CASE(trouble_is_looked_at_with_pauses_that_double) {
  auto s = scheduled();
  auto now = start;
  for (const auto expected : {100, 200, 400, 800, 1000, 1000}) {
    pass(s, now, false);
    BOOST_TEST((s.next() - now == milliseconds(expected)));
    now = s.next();
  }
  pass(s, now, true);
  pass(s, now, false);
  BOOST_TEST((s.next() - now == milliseconds(100)));
}

BOOST_AUTO_TEST_CASE(a_look_hastens_the_next_round_but_not_beyond_its_pause) {
  auto s = scheduled();
  pass(s, start, true);
  BOOST_TEST(s.look());
  BOOST_TEST((s.next() == start + milliseconds(50)));
  BOOST_TEST(!s.look());
}

BOOST_AUTO_TEST_CASE(looks_without_end_become_rarer) {
  auto s = scheduled();
  pass(s, start, true);
  auto now = start;
  auto last = milliseconds(0);
  for (int i = 0; i < 8; ++i) {
    s.look();
    now = s.next();
    pass(s, now, true);
    s.look();
    const auto pause = std::chrono::duration_cast<milliseconds>(s.next() - now);
    BOOST_TEST((pause >= last));
    last = pause;
  }
  BOOST_TEST((last == milliseconds(1000)));
}

BOOST_AUTO_TEST_CASE(a_look_within_a_round_is_not_forgotten) {
  auto s = scheduled();
  s.begun();
  s.look();
  s.ended(start, true, 1);
  BOOST_TEST((s.next() < start + seconds(1)));
}

BOOST_AUTO_TEST_SUITE_END()
