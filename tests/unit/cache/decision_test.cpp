// What memory's entry is good for, for one request: early refresh, request directives, and the decision as a whole.
#include "rollcall/cache/freshness.hpp"

#include "entries.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <ostream>
#include <random>

namespace rollcall::cache {
std::ostream& operator<<(std::ostream& out, decision d) {
  return out << to_string(d);
}
} // namespace rollcall::cache

namespace {

using namespace rollcall::cache;
using rollcall::test::at;
using ms = milliseconds;

constexpr windows usual{
    .fresh = ms(60'000), .stale_while_revalidate = ms(300'000), .stale_if_error = ms(3'600'000), .jitter = 0};

entry fetched(time_point when, ms took = ms(300)) {
  auto e = rollcall::test::fetched(usual, when);
  e.took = took;
  return e;
}

decision decided(const entry& e, circumstances c, const directives& d = {}) {
  return decide(&e, usual, d, c);
}

} // namespace

BOOST_AUTO_TEST_SUITE(decision_suite)

BOOST_AUTO_TEST_CASE(each_part_of_a_life_has_its_decision) {
  const auto e = fetched(at(0));
  BOOST_TEST(decide(nullptr, usual, {}, {.now = at(0)}) == decision::ask);
  BOOST_TEST(decided(e, {.now = at(59'999)}) == decision::serve);
  BOOST_TEST(decided(e, {.now = at(60'000)}) == decision::serve_and_refresh);
  BOOST_TEST(decided(e, {.now = at(359'999)}) == decision::serve_and_refresh);
  BOOST_TEST(decided(e, {.now = at(360'000)}) == decision::ask, "only if the upstream fails");
  BOOST_TEST(decided(e, {.now = at(3'660'000)}) == decision::ask);
}

BOOST_AUTO_TEST_CASE(what_redis_may_have_changed_is_never_served_unasked) {
  const auto e = fetched(at(0));
  for (const auto now : {at(1), at(100'000), at(1'000'000)})
    BOOST_TEST(decided(e, {.now = now, .unverified = true}) == decision::ask);
}

BOOST_AUTO_TEST_CASE(while_renewing_fails_what_is_stale_is_served_without_another_attempt) {
  const auto e = fetched(at(0));
  BOOST_TEST(decided(e, {.now = at(60'000), .failed_at = at(59'000)}) == decision::serve);
  BOOST_TEST(decided(e, {.now = at(1'000'000), .failed_at = at(0)}) == decision::serve);
  BOOST_TEST(decided(e, {.now = at(3'660'000), .failed_at = at(3'659'000)}) == decision::ask, "its time is over");
  BOOST_TEST(decided(e, {.now = at(59'999), .failed_at = at(59'000), .random = 0.999}) == decision::serve, "nor early");
}

BOOST_AUTO_TEST_CASE(early_refresh_is_likelier_the_closer_the_end_and_the_slower_the_upstream) {
  const auto share = [](const entry& e, const windows& w, time_point now) {
    std::mt19937_64 random(7);
    std::uniform_real_distribution<> uniform(0, 1);
    int early = 0;
    for (int i = 0; i < 20'000; ++i)
      early += refresh_early(e, w, now, uniform(random)) ? 1 : 0;
    return early / 20'000.0;
  };
  const auto e = fetched(at(0));
  // P(took * beta * -ln(u) >= left) = exp(-left / (took * beta))
  for (const int left : {100, 300, 900, 3'000})
    BOOST_TEST(std::abs(share(e, usual, at(60'000 - left)) - std::exp(-left / 300.0)) < 0.01);
  BOOST_TEST(share(fetched(at(0), ms(3'000)), usual, at(57'000)) > share(e, usual, at(57'000)));
  auto eager = usual;
  eager.early_refresh = 3;
  BOOST_TEST(std::abs(share(e, eager, at(59'100)) - std::exp(-1.0)) < 0.015);
}

BOOST_AUTO_TEST_CASE(early_refresh_has_limits) {
  const auto e = fetched(at(0));
  constexpr double extreme = 0x1.fffffffffffffp-1; // the largest below 1
  BOOST_TEST(refresh_early(e, usual, at(59'000), extreme));
  BOOST_TEST(!refresh_early(e, usual, at(59'000), 0.0));
  BOOST_TEST(!refresh_early(fetched(at(0), ms(3'600'000)), usual, at(29'999), extreme), "not in its first half");
  BOOST_TEST(refresh_early(fetched(at(0), ms(3'600'000)), usual, at(30'000), extreme));
  BOOST_TEST(!refresh_early(fetched(at(0), ms(0)), usual, at(59'999), extreme), "nobody knows how long it takes");
  auto off = usual;
  off.early_refresh = 0;
  BOOST_TEST(!refresh_early(e, off, at(59'999), extreme));
  BOOST_TEST(decided(e, {.now = at(59'000), .random = extreme}) == decision::serve_and_refresh);
}

BOOST_AUTO_TEST_CASE(a_request_may_want_something_newer_but_not_all_the_time) {
  const auto e = fetched(at(100'000));
  const directives no_cache{.max_age = ms(0)};
  BOOST_TEST(decided(e, {.now = at(101'000)}, no_cache) == decision::serve, "a second old is new enough");
  BOOST_TEST(decided(e, {.now = at(101'001)}, no_cache) == decision::ask);
  const directives ten{.max_age = ms(10'000)};
  BOOST_TEST(decided(e, {.now = at(110'000)}, ten) == decision::serve);
  BOOST_TEST(decided(e, {.now = at(110'001)}, ten) == decision::ask);
  const directives long_ago{.max_age = std::chrono::hours(1)};
  BOOST_TEST(decided(e, {.now = at(159'999)}, long_ago) == decision::serve);
  BOOST_TEST(decided(e, {.now = at(160'000)}, long_ago) == decision::ask, "max-age wants nothing stale");
  BOOST_TEST((oldest_wanted({.max_age = ms::max()}, at(5)) < at(0)));
  BOOST_TEST((oldest_wanted({.max_age = ms(-7)}, at(5'000)) == at(4'000)));
  BOOST_TEST((oldest_wanted({}, at(5)) == time_point::min()));
}

BOOST_AUTO_TEST_CASE(nor_does_who_wants_something_newer_try_more_often_than_once_a_second) {
  const auto e = fetched(at(0));
  const directives no_cache{.max_age = ms(0)};
  for (const auto now : {at(30'000), at(100'000), at(1'000'000)}) {
    BOOST_TEST(decided(e, {.now = now, .failed_at = now - ms(1'000)}, no_cache) == decision::serve);
    BOOST_TEST(decided(e, {.now = now, .failed_at = now - ms(1'001)}, no_cache) == decision::ask);
    BOOST_TEST(decided(e, {.now = now, .failed_at = time_point::min()}, no_cache) == decision::ask);
  }
  BOOST_TEST(decided(e, {.now = at(100'000), .unverified = true, .failed_at = at(100'000)}) == decision::ask);
}

BOOST_AUTO_TEST_SUITE_END()
