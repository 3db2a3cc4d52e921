// One call: however many ask, on however many gateways, a list costs one call per freshness window. The real decisions,
// in simulated gateways, against the least that the requests alone allow.
#include "one_call_ledger.hpp"
#include "one_call_trace.hpp"
#include "simulated_gateway.hpp"
#include "simulated_redis.hpp"
#include "simulated_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace {

using namespace rollcall::simulation;
using rollcall::cache::windows;
using std::chrono::minutes;
using ms = rollcall::cache::milliseconds;

constexpr windows usual{.jitter = 0, .early_refresh = 0};
constexpr windows spread{.early_refresh = 0};
/// In which many a list is past all windows before it is asked for again.
constexpr windows brief{
    .fresh = ms(5'000), .stale_while_revalidate = ms(10'000), .stale_if_error = ms(30'000), .early_refresh = 0};

struct fleet {
  std::size_t gateways = 1;
  bool redis = false;
  windows limits = usual;
  minutes lasts{10};
  temper instance{};
  std::size_t memory = std::size_t{64} << 20;
  distance command{};
  distance news{.least = ms(1), .most = ms(1)};
};
/// As over a network: replies and news in any order.
fleet far(fleet f) {
  f.command = {.least = microseconds(100), .most = microseconds(1'000)};
  f.news = {.least = microseconds(100), .most = microseconds(3'000)};
  return f;
}
/// From a request to its call there are at most three round trips to a Redis that is far; and the clock's grain.
constexpr ms latest{7};

const std::vector<subject>& subjects() {
  static const auto all = make_subjects(40, 50);
  return all;
}

// Sanitizers slow it down twentyfold, and find what they find in the first minutes.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr minutes whole{1};
#else
constexpr minutes whole{10};
#endif

std::span<const request> requests(minutes first = minutes(10)) {
  first = std::min(first, whole);
  static const auto all = zipf_trace(subjects().size(), 0.9, 360, minutes(10), 1);
  const auto end = std::ranges::lower_bound(all, microseconds(first), {}, &request::at);
  return {all.begin(), end};
}

bound least_of(const fleet& f, ms late = ms(0)) {
  return least_of(requests(f.lasts), subjects().size(), f.limits, late);
}

task<> play(timeline& t, std::span<const request> all, std::deque<gateway>& gateways) {
  for (const auto& r : all) {
    co_await t.sleep(r.at - t.now());
    gateways[r.dice % gateways.size()].serve(subjects()[r.subject]);
  }
}

/// What the requests come to in that fleet; and what holds in each.
ledger::totals totals_of(const fleet& f) {
  const fleet_rules rules{.windows = f.limits, .memory = f.memory};
  timeline t;
  shared_redis redis(t, f.command, f.news);
  ledger book(subjects().size(), f.gateways, f.limits, rules.failure, f.instance);
  std::deque<gateway> gateways;
  for (std::size_t n = 0; n < f.gateways; ++n)
    gateways.emplace_back(t, f.redis ? &redis : nullptr, book, rules, n);
  const auto all = requests(f.lasts);
  t.spawn(play(t, all, gateways));
  t.run();
  const auto& s = book.sums();
  BOOST_TEST_MESSAGE(s.answers << " requests, " << s.calls << " calls, at least " << least_of(f).calls << "; "
                               << s.failures << " failed, " << s.ahead << " renewed ahead, " << s.waits
                               << " askers waited, the longest " << s.longest.count() / 1000 << " ms");
  BOOST_TEST(t.running() == 0u, "everything that began has ended");
  BOOST_TEST(redis.leases() == 0u);
  BOOST_TEST(std::ranges::all_of(gateways, [](const auto& g) { return g.in_the_air() == 0; }));
  BOOST_TEST(s.answers == all.size(), "nobody was forgotten, or sent away");
  BOOST_TEST(s.doubled <= s.failures, "never two calls at a time for a list in the whole fleet, unless others' failed");
  BOOST_TEST(s.expired == 0u, "nothing past its windows was served");
  if (f.instance.failures == 0)
    BOOST_TEST((s.longest < f.instance.most + ms(10)), "nobody waits for more than one call, and the news of it");
  return s;
}

void check_least(std::string_view what, const fleet& f) {
  BOOST_TEST_CONTEXT(what) {
    const auto s = totals_of(f);
    BOOST_TEST(s.calls == least_of(f).calls);
    BOOST_TEST(s.ahead == 0u);
    BOOST_TEST(s.overdue == 0u);
    if (f.gateways == 1) // on another gateway one may wait a little longer, for the news
      BOOST_TEST(s.waits == least_of(f).waits, "nobody waits whom a stale list can spare it");
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(one_call_simulation)

BOOST_AUTO_TEST_CASE(one_gateway_makes_as_many_calls_as_it_must) {
  BOOST_TEST(subjects().size() == 2'000u);
  BOOST_TEST(requests().size() > 20'000u * whole.count());
  check_least("usual", {});
  check_least("with jitter", {.limits = spread});
  check_least("brief", {.limits = brief, .lasts = minutes(3)});
}

BOOST_AUTO_TEST_CASE(one_gateway_with_redis_makes_as_many_calls_as_it_must) {
  check_least("usual", {.redis = true});
  check_least("brief", {.redis = true, .limits = brief, .lasts = minutes(3)});
  check_least("brief, nothing in memory", {.redis = true, .limits = brief, .lasts = minutes(3), .memory = 0});
}

BOOST_AUTO_TEST_CASE(four_gateways_make_as_many_calls_as_one_must) {
  check_least("usual", {.gateways = 4, .redis = true});
  check_least("with jitter", {.gateways = 4, .redis = true, .limits = spread});
  check_least("brief", {.gateways = 4, .redis = true, .limits = brief, .lasts = minutes(3)});
}

// Each call comes a little after the request for it, so that a few requests are answered by the call before theirs:
// there may be fewer calls than that, by so much and no more.
BOOST_AUTO_TEST_CASE(over_a_network_no_call_is_made_while_the_fleet_has_a_fresh_list) {
  for (const auto& f : {far({.gateways = 4, .redis = true}), far({.redis = true, .limits = brief, .lasts = minutes(3)}),
                        far({.gateways = 4, .redis = true, .limits = brief, .lasts = minutes(3)}),
                        far({.gateways = 4, .redis = true, .limits = brief, .lasts = minutes(3), .memory = 0})}) {
    const auto s = totals_of(f);
    BOOST_TEST(s.ahead == 0u);
    BOOST_TEST(s.calls <= least_of(f).calls);
    BOOST_TEST(s.calls >= least_of(f, latest).calls);
  }
}

// Leases last two seconds. A call that outlasted its list's freshness would be another matter.
BOOST_AUTO_TEST_CASE(a_call_that_outlasts_its_lease_is_not_made_twice) {
  const auto f = far({.gateways = 4,
                      .redis = true,
                      .limits = brief,
                      .lasts = minutes(3),
                      .instance = {.least = ms(100), .most = ms(4'000)}});
  const auto s = totals_of(f);
  BOOST_TEST(s.ahead == 0u);
  BOOST_TEST(s.calls <= least_of(f).calls);
}

// Measured: 0.4 and 0.3 % with the usual windows. It is what remains of each freshness, so more where that is short.
BOOST_AUTO_TEST_CASE(renewing_ahead_costs_few_calls) {
  const auto share_of = [](fleet f) {
    f.limits.early_refresh = 1;
    const auto s = totals_of(f);
    const auto least = static_cast<double>(least_of(f).calls);
    BOOST_TEST(s.ahead > 0u);
    return (static_cast<double>(s.calls) - least) / least;
  };
  BOOST_TEST(share_of({.limits = spread}) < 0.01);
  BOOST_TEST(share_of(far({.gateways = 4, .redis = true, .limits = spread})) < 0.01);
  BOOST_TEST(share_of({.limits = brief, .lasts = minutes(3)}) < 0.05);
}

BOOST_AUTO_TEST_CASE(failures_cost_no_more_than_the_calls_that_fail) {
  for (auto f : {fleet{.limits = brief, .lasts = minutes(3)}, far({.gateways = 4, .redis = true, .limits = spread}),
                 far({.gateways = 4, .redis = true, .limits = brief, .lasts = minutes(3)}),
                 far({.gateways = 4, .redis = true, .limits = brief, .lasts = minutes(3), .memory = 0})}) {
    f.instance.failures = 0.05;
    const auto s = totals_of(f);
    BOOST_TEST(s.failures > s.calls / 30);
    BOOST_TEST(s.calls <= least_of(f).calls + s.failures);
    BOOST_TEST(s.ahead == 0u);
    BOOST_TEST(s.unpaced == 0u, "no gateway tries again at once while it has a stale list");
    BOOST_TEST((s.longest < ms(1'000)), "who waits for a call that fails is told soon");
  }
}

BOOST_AUTO_TEST_CASE(early_renewals_that_fail_are_paced_too) {
  auto eager = brief;
  eager.early_refresh = 1;
  fleet f{.limits = eager, .lasts = minutes(3)};
  f.instance.failures = 0.3;
  BOOST_TEST(totals_of(f).unpaced == 0u);
}

BOOST_AUTO_TEST_CASE(when_every_call_fails_nobody_waits_for_all_the_others) {
  auto f = far({.gateways = 4, .redis = true, .limits = brief, .lasts = minutes(1)});
  f.instance.failures = 1;
  const auto s = totals_of(f);
  BOOST_TEST((s.longest < 4 * f.instance.most), "two others' calls, and one's own");
}

BOOST_AUTO_TEST_SUITE_END()
