#include "cache/policies.hpp"
#include "cache/trace.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace rollcall::cache_bench;

struct ratios {
  double ours;
  double lru;
  double optimum;
};

/// Rooms of 2 to 14 KB, four times as many as fit, read by Zipf(0.9), among one-off rooms that are `flood` of all
/// requests.
ratios hit_ratios(std::size_t capacity, double flood) {
  constexpr std::uint32_t average = 8'000;
  mixture m{.body = {}, .one_off_body = average, .requests = 0, .one_offs = flood, .seed = 17};
  for (std::uint32_t i = 0; i < 4 * capacity / average; ++i)
    m.body.push_back(2'000 + i * 7'919 % 12'000);
  m.requests = static_cast<std::size_t>(30 * (1 - flood) * static_cast<double>(m.body.size()));
  const auto t = invent(m);
  entry_maker entries;
  const ratios r{replay_memory(t, capacity, entries).hit_ratio(), replay_lru(t, capacity, entries).hit_ratio(),
                 replay_optimum(t, capacity, entries).hit_ratio()};
  BOOST_TEST_MESSAGE("capacity " << capacity << ", one-off " << flood << ": hit ratio " << r.ours << ", LRU " << r.lru
                                 << ", optimum " << r.optimum);
  BOOST_TEST(r.ours < r.optimum); // or they do not count alike
  return r;
}

BOOST_AUTO_TEST_SUITE(memory_scan_suite)

BOOST_AUTO_TEST_CASE(without_a_flood_it_is_no_worse_than_lru) {
  const auto r = hit_ratios(4 << 20, 0);
  BOOST_TEST(r.ours > r.lru + 0.02);
}

BOOST_AUTO_TEST_CASE(a_flood_of_one_off_rooms_leaves_the_hot_ones_where_lru_loses_them) {
  const auto calm = hit_ratios(4 << 20, 0);
  const auto half = hit_ratios(4 << 20, 0.5);
  BOOST_TEST(half.ours > half.lru + 0.15);
  BOOST_TEST(half.ours > calm.ours - 0.02);
  const auto heavy = hit_ratios(4 << 20, 0.8);
  BOOST_TEST(heavy.ours > heavy.lru + 0.2);
}

BOOST_AUTO_TEST_CASE(shards_do_not_change_that) {
  const auto half = hit_ratios(16 << 20, 0.5);
  BOOST_TEST(half.ours > half.lru + 0.15);
}

BOOST_AUTO_TEST_SUITE_END()

// The yardsticks, by hand. Bodies are so large that what an entry takes beside them does not matter.
BOOST_AUTO_TEST_SUITE(policies_suite)

constexpr std::uint32_t body = 3'000;

/// The first third, which is not counted, asks for something else.
trace of(std::vector<std::uint32_t> asked) {
  std::vector<std::uint32_t> order((asked.size() + 1) / 2, 9);
  order.insert(order.end(), asked.begin(), asked.end());
  return {.order = order, .body = std::vector<std::uint32_t>(10, body), .recurring = 10};
}

BOOST_AUTO_TEST_CASE(lru_keeps_what_was_asked_for_last) {
  entry_maker entries;
  const auto two = 2 * entries.bytes(body);
  BOOST_TEST(replay_lru(of({1, 2, 1, 3, 1, 2}), two, entries).found == 2U);
  BOOST_TEST(replay_lru(of({1, 2, 3, 1, 2, 3}), two, entries).found == 0U);
  BOOST_TEST(replay_lru(of({1, 2, 3, 1, 2, 3}), two, entries).asked == 6U);
}

BOOST_AUTO_TEST_CASE(the_optimum_knows_the_future) {
  entry_maker entries;
  const auto two = 2 * entries.bytes(body);
  BOOST_TEST(replay_optimum(of({1, 2, 3, 1, 2, 3}), two, entries).found == 2U); // it never takes 3
  BOOST_TEST(replay_optimum(of({1, 2, 3, 3, 3, 1}), two, entries).found == 3U);
  BOOST_TEST(replay_optimum(of({1, 2, 3, 4}), two, entries).found == 0U);
}

BOOST_AUTO_TEST_CASE(one_offs_are_asked_for_once_and_not_counted) {
  const auto t = invent({.body = {body, body}, .one_off_body = body, .requests = 900, .one_offs = 0.5, .seed = 1});
  BOOST_TEST(t.recurring == 2U);
  BOOST_TEST(t.order.size() > 1'600U);
  BOOST_TEST(t.order.size() < 2'000U);
  BOOST_TEST(t.body.size() == t.order.size() - 900 + 2);
  entry_maker entries;
  const auto all = 100 * t.order.size() * entries.bytes(body);
  BOOST_TEST(replay_lru(t, all, entries).hit_ratio() == 1);
  BOOST_TEST(replay_memory(t, all, entries).hit_ratio() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
