#include "rollcall/cache/memory.hpp"

#include "entries.hpp"
#include "keep.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

/// What most caches do, to compare with.
class lru {
public:
  explicit lru(std::size_t capacity) : capacity_(capacity) {}

  bool find(std::uint64_t key) {
    const auto found = places_.find(key);
    if (found == places_.end())
      return false;
    order_.splice(order_.begin(), order_, found->second);
    return true;
  }

  void insert(std::uint64_t key, std::size_t bytes) {
    order_.emplace_front(key, bytes);
    places_[key] = order_.begin();
    for (bytes_ += bytes; bytes_ > capacity_; order_.pop_back()) {
      bytes_ -= order_.back().second;
      places_.erase(order_.back().first);
    }
  }

private:
  std::size_t capacity_;
  std::size_t bytes_ = 0;
  std::list<std::pair<std::uint64_t, std::size_t>> order_;
  std::unordered_map<std::uint64_t, std::list<std::pair<std::uint64_t, std::size_t>>::iterator> places_;
};

struct ratios {
  double ours;
  double lru;
};

/// Rooms of 2 to 14 KB, four times as many as fit, read by Zipf(0.9), among one-off rooms that are `flood` of all
/// requests. The share of the former that was found, after a third of the run has warmed both caches.
ratios hit_ratios(std::size_t capacity, double flood) {
  constexpr std::size_t average = 8'000;
  const auto rooms = 4 * capacity / average;
  std::mt19937_64 random(17);
  std::vector<double> sums;
  std::vector<std::shared_ptr<const variant>> bodies;
  for (std::size_t i = 0; i < rooms; ++i) {
    sums.push_back((sums.empty() ? 0 : sums.back()) + std::pow(static_cast<double>(i + 1), -0.9));
    bodies.push_back(std::make_shared<const variant>("", "", std::string(2'000 + random() % 12'000, 'x')));
  }
  const auto one_off = std::make_shared<const variant>("", "", std::string(average, 'x'));
  std::uniform_real_distribution<double> share(0, 1);

  memory ours(capacity);
  lru other(capacity);
  std::size_t asked = 0, ours_found = 0, lru_found = 0;
  const auto requests = rooms * 30;
  for (std::size_t i = 0; i < requests; ++i) {
    const bool is_one_off = share(random) < flood;
    const auto key =
        is_one_off
            ? rooms + i
            : static_cast<std::size_t>(std::ranges::lower_bound(sums, share(random) * sums.back()) - sums.begin());
    auto e = std::make_shared<entry>();
    e->id = room(key);
    e->serve_until = at(1);
    e->plain = is_one_off ? one_off : bodies[key];
    const bool counts = !is_one_off && i > requests / 3;
    asked += counts;
    if (other.find(key))
      lru_found += counts;
    else
      other.insert(key, e->bytes());
    if (ours.find(e->id, at(0)).entry != nullptr)
      ours_found += counts;
    else
      (void)keep(ours, std::move(e), at(0));
  }
  const auto of_asked = [&](std::size_t found) { return static_cast<double>(found) / static_cast<double>(asked); };
  const ratios r{of_asked(ours_found), of_asked(lru_found)};
  BOOST_TEST_MESSAGE("capacity " << capacity << ", one-off " << flood << ": hit ratio " << r.ours << ", LRU " << r.lru);
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

} // namespace
