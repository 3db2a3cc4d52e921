#include "rollcall/cache/purge_times.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace cache = rollcall::cache;
using namespace std::chrono_literals;
using cache::scope;
using cache::time_point;

namespace {

const time_point start{std::chrono::hours(400'000)};

cache::identity identity_of(std::string_view w_id, std::string_view room) {
  return cache::identity("", "wcId", w_id, room);
}

} // namespace

BOOST_AUTO_TEST_SUITE(purge_times_suite)

BOOST_AUTO_TEST_CASE(the_latest_purge_that_covers_an_identity_counts) {
  cache::purge_times times;
  BOOST_TEST((times.latest(identity_of("w", "r")) == time_point::min()));
  times.note(scope::of("w", ""), start);
  times.note(scope::of("", "r"), start + 2s);
  times.note(scope::of("w", "r"), start + 1s);
  BOOST_TEST((times.latest(identity_of("w", "r")) == start + 2s));
  BOOST_TEST((times.latest(identity_of("w", "other")) == start));
  BOOST_TEST((times.latest(identity_of("v", "r")) == start + 2s));
  BOOST_TEST((times.latest(identity_of("v", "other")) == time_point::min()));
}

BOOST_AUTO_TEST_CASE(a_purge_is_remembered_from_its_last_time_on) {
  cache::purge_times times;
  times.note(scope::of("w", "r"), start);
  times.note(scope::of("w", "r"), start + 90s);
  times.note(scope::of("v", "r"), start + 150s); // the first time is forgotten with this, not the second
  BOOST_TEST((times.latest(identity_of("w", "r")) == start + 90s));
  times.note(scope::of("v", "r"), start + 211s);
  BOOST_TEST((times.latest(identity_of("w", "r")) == time_point::min()));
  BOOST_TEST(times.size() == 1U);
}

BOOST_AUTO_TEST_CASE(there_are_only_so_many) {
  cache::purge_times times;
  for (std::size_t i = 0; i <= cache::purge_times::most; ++i)
    times.note(scope::of("w" + std::to_string(i), ""), start);
  BOOST_TEST(times.size() == cache::purge_times::most);
  BOOST_TEST((times.latest(identity_of("w0", "r")) == time_point::min()));
  BOOST_TEST((times.latest(identity_of("w1", "r")) == start));
}

BOOST_AUTO_TEST_SUITE_END()
