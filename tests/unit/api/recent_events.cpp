// Telling a repeated callback from a new one, in bounded memory.

#include "rollcall/api/recent_events.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace rollcall::api;

BOOST_AUTO_TEST_SUITE(recently_seen_events)

BOOST_AUTO_TEST_CASE(an_event_is_new_once) {
  recent_events seen;
  BOOST_TEST(seen.is_new("a"));
  BOOST_TEST(!seen.is_new("a"));
  BOOST_TEST(seen.is_new("b"));
  BOOST_TEST(!seen.is_new("a"));
  BOOST_TEST(!seen.is_new("b"));
  BOOST_TEST(seen.size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_key_seen_first_is_forgotten_first) {
  recent_events seen(3);
  for (const auto* key : {"a", "b", "c"})
    BOOST_TEST(seen.is_new(key));
  BOOST_TEST(!seen.is_new("a")); // which does not make it younger
  BOOST_TEST(seen.is_new("d"));
  BOOST_TEST(!seen.is_new("b"));
  BOOST_TEST(!seen.is_new("c"));
  BOOST_TEST(!seen.is_new("d"));
  BOOST_TEST(seen.is_new("a"));
  BOOST_TEST(seen.is_new("b"));
  BOOST_TEST(seen.size() == 3u);
}

BOOST_AUTO_TEST_CASE(an_event_that_cannot_be_told_apart_is_always_new) {
  recent_events seen;
  BOOST_TEST(seen.is_new(""));
  BOOST_TEST(seen.is_new(""));
  const std::string longest(recent_events::longest_key, 'k');
  BOOST_TEST(seen.is_new(longest));
  BOOST_TEST(!seen.is_new(longest));
  BOOST_TEST(seen.is_new(longest + "k"));
  BOOST_TEST(seen.is_new(longest + "k"));
  BOOST_TEST(seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_capacity_of_nothing_remembers_nothing) {
  recent_events seen(0);
  BOOST_TEST(seen.is_new("a"));
  BOOST_TEST(seen.is_new("a"));
  BOOST_TEST(seen.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_flood_is_bounded_and_the_latest_are_known) {
  recent_events seen;
  constexpr std::size_t flood = 3 * recent_events::default_capacity;
  bool all_new = true;
  for (std::size_t i = 0; i < flood; ++i)
    all_new = seen.is_new(std::to_string(i)) && all_new;
  BOOST_TEST(all_new);
  BOOST_TEST(seen.size() == recent_events::default_capacity);
  bool known = true;
  for (std::size_t i = flood - recent_events::default_capacity; i < flood; ++i)
    known = !seen.is_new(std::to_string(i)) && known;
  BOOST_TEST(known);
  BOOST_TEST(seen.is_new(std::to_string(flood - recent_events::default_capacity - 1)));
}

BOOST_AUTO_TEST_SUITE_END()
