#include "rollcall/cache/freshness.hpp"

#include "entries.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <set>
#include <string>

namespace rollcall::cache {
std::ostream& operator<<(std::ostream& out, verdict v) {
  return out << to_string(v);
}
} // namespace rollcall::cache

namespace {

using namespace rollcall::cache;
using rollcall::test::at;
using rollcall::test::fetched;
using ms = milliseconds;

constexpr windows usual{
    .fresh = ms(60'000), .stale_while_revalidate = ms(300'000), .stale_if_error = ms(3'600'000), .jitter = 0.1};

BOOST_AUTO_TEST_SUITE(freshness_suite)

BOOST_AUTO_TEST_CASE(both_stale_windows_start_when_freshness_ends) {
  const auto life = lifetime_of(usual, at(1'000), 0);
  BOOST_TEST((life.fresh_until == at(61'000)));
  BOOST_TEST((life.serve_until == at(61'000 + 3'600'000)));

  auto longer_revalidate = usual;
  longer_revalidate.stale_while_revalidate = ms(9'000'000);
  BOOST_TEST((lifetime_of(longer_revalidate, at(1'000), 0).serve_until == at(61'000 + 9'000'000)));
}

BOOST_AUTO_TEST_CASE(jitter_shortens_freshness_and_never_lengthens_it) {
  BOOST_TEST((lifetime_of(usual, at(0), 0.5).fresh_until == at(57'000)));
  BOOST_TEST((lifetime_of(usual, at(0), 0.9999999).fresh_until >= at(54'000)));
  auto wild = usual;
  wild.jitter = 7;
  BOOST_TEST((lifetime_of(wild, at(5), 0.9999999).fresh_until >= at(5)));
  wild.jitter = -1;
  BOOST_TEST((lifetime_of(wild, at(5), 0.5).fresh_until == at(60'005)));
}

BOOST_AUTO_TEST_CASE(verdict_changes_exactly_at_the_boundaries) {
  const auto e = fetched(usual, at(0));
  BOOST_TEST(judge(e, usual, at(0)) == verdict::fresh);
  BOOST_TEST(judge(e, usual, at(59'999)) == verdict::fresh);
  BOOST_TEST(judge(e, usual, at(60'000)) == verdict::stale_revalidate);
  BOOST_TEST(judge(e, usual, at(359'999)) == verdict::stale_revalidate);
  BOOST_TEST(judge(e, usual, at(360'000)) == verdict::stale_if_error);
  BOOST_TEST(judge(e, usual, at(3'659'999)) == verdict::stale_if_error);
  BOOST_TEST(judge(e, usual, at(3'660'000)) == verdict::expired);
}

BOOST_AUTO_TEST_CASE(without_stale_windows_an_entry_goes_from_fresh_to_expired) {
  const windows w{.fresh = ms(3'000), .stale_while_revalidate = ms(0), .stale_if_error = ms(0), .jitter = 0};
  const auto e = fetched(w, at(0));
  BOOST_TEST(judge(e, w, at(2'999)) == verdict::fresh);
  BOOST_TEST(judge(e, w, at(3'000)) == verdict::expired);
  // A remembered failure has such a lifetime, and is judged with the windows of lists.
  BOOST_TEST(judge(e, usual, at(3'000)) == verdict::expired);
}

BOOST_AUTO_TEST_CASE(with_no_freshness_nothing_is_ever_fresh) {
  auto w = usual;
  w.fresh = ms(0);
  const auto e = fetched(w, at(1'000));
  BOOST_TEST(judge(e, w, at(1'000)) == verdict::stale_revalidate);
  BOOST_TEST(judge(e, w, at(0)) == verdict::stale_revalidate);
}

BOOST_AUTO_TEST_CASE(an_entry_from_the_future_is_fresh_only_within_the_tolerance) {
  const auto e = fetched(usual, at(100'000'000));
  const auto tolerated = e.fetched_at - clock_tolerance;
  BOOST_TEST(judge(e, usual, tolerated) == verdict::fresh);
  BOOST_TEST(judge(e, usual, tolerated - ms(1)) == verdict::expired);
  BOOST_TEST(judge(e, usual, at(0)) == verdict::expired);
}

BOOST_AUTO_TEST_CASE(own_windows_bound_what_another_gateway_promised) {
  windows generous = usual;
  generous.fresh = ms(600'000);
  generous.stale_if_error = ms(36'000'000);
  const auto e = fetched(generous, at(0));
  BOOST_TEST(judge(e, usual, at(59'999)) == verdict::fresh);
  BOOST_TEST(judge(e, usual, at(60'000)) == verdict::stale_revalidate);
  BOOST_TEST(judge(e, usual, at(3'660'000)) == verdict::expired);
}

BOOST_AUTO_TEST_CASE(absurd_times_overflow_nothing) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  windows endless;
  endless.fresh = endless.stale_while_revalidate = endless.stale_if_error = ms(most);
  for (const auto fetched_at : {least, std::int64_t{-1}, std::int64_t{0}, most})
    for (const auto until : {least, std::int64_t{0}, most})
      for (const auto now : {least, std::int64_t{0}, most}) {
        entry e;
        e.fetched_at = at(fetched_at);
        e.fresh_until = e.serve_until = at(until);
        for (const auto& w : {usual, endless})
          (void)judge(e, w, at(now));
        const auto life = lifetime_of(endless, at(fetched_at), 0.5);
        BOOST_TEST((life.fresh_until >= at(fetched_at)));
        BOOST_TEST((life.serve_until >= life.fresh_until));
      }
}

BOOST_AUTO_TEST_CASE(properties_hold_for_any_windows_and_any_moment) {
  std::mt19937_64 random(99);
  const auto up_to = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (int i = 0; i < 100'000; ++i) {
    const windows w{.fresh = ms(up_to(1'000)),
                    .stale_while_revalidate = ms(up_to(1'000)),
                    .stale_if_error = ms(up_to(1'000)),
                    .jitter = static_cast<double>(up_to(101)) / 100};
    const auto start = at(1'000'000'000 + up_to(1'000'000));
    const auto e = fetched(w, start, static_cast<double>(up_to(1'000)) / 1'000);
    const auto stale = std::max(w.stale_while_revalidate, w.stale_if_error);
    BOOST_REQUIRE((e.fresh_until <= start + w.fresh));
    BOOST_REQUIRE((e.fresh_until - start >=
                   ms(static_cast<std::int64_t>(static_cast<double>(w.fresh.count()) * (1 - w.jitter)))));
    BOOST_REQUIRE((e.serve_until == e.fresh_until + stale));

    const auto now = start + ms(up_to(20'000) - 10'000);
    const auto v = judge(e, w, now);
    if (now >= start + w.fresh + stale || now >= e.serve_until || now < start - clock_tolerance)
      BOOST_REQUIRE(v == verdict::expired);
    else if (w.fresh > ms(0) && now < e.fresh_until && e.fresh_until > start)
      BOOST_REQUIRE(v == verdict::fresh);
    else
      BOOST_REQUIRE(v != verdict::fresh);
    if (v == verdict::stale_revalidate)
      BOOST_REQUIRE((now < e.fresh_until + w.stale_while_revalidate));
    if (now >= start) // an entry only ever gets worse
      BOOST_REQUIRE(judge(e, w, now + ms(up_to(500))) >= v);
  }
}

BOOST_AUTO_TEST_CASE(every_verdict_has_a_name_of_its_own) {
  std::set<std::string> names;
  for (const auto v : {verdict::fresh, verdict::stale_revalidate, verdict::stale_if_error, verdict::expired})
    names.emplace(to_string(v));
  BOOST_TEST(names.size() == 4U);
  BOOST_TEST(!names.contains("unknown"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
