#include "rollcall/cache/memory.hpp"

#include "entries.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

constexpr std::size_t capacity = 8 << 20;

/// Everything at once on rooms that all threads share. The number of answers that were not the room's, and of moments
/// at which the bound did not hold.
std::uint64_t hammer(memory& cache, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uint64_t wrong = 0;
  for (int i = 0; i < 30'000; ++i) {
    const auto n = random() % 400;
    const auto id = room(n);
    const auto now = at(i / 10);
    switch (random() % 16) {
    case 0:
    case 1:
    case 2:
      (void)cache.insert(make_entry(id, 1'000 + n * 200, now + milliseconds(random() % 2'000), random() % 4), now);
      break;
    case 3:
      (void)cache.replace(make_entry(id, 1'000 + n * 200, now + milliseconds(500), random() % 4));
      break;
    case 4:
      (void)cache.erase(id);
      break;
    case 5:
      wrong += cache.stats().bytes > capacity;
      break;
    default:
      if (const auto found = cache.find(id, now))
        wrong += !(found->id == id) || found->plain->body().size() != 1'000 + n * 200 || found->serve_until <= now;
    }
  }
  return wrong;
}

BOOST_AUTO_TEST_SUITE(memory_threads_suite)

BOOST_AUTO_TEST_CASE(four_threads_get_right_answers_within_the_bound) {
  memory cache(capacity);
  std::atomic<std::uint64_t> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
      threads.emplace_back([&cache, &wrong, seed] { wrong += hammer(cache, seed); });
  }
  BOOST_TEST(wrong == 0U);
  const auto stats = cache.stats();
  BOOST_TEST(stats.hits > 0U);
  BOOST_TEST(stats.evictions + stats.expirations > 0U);

  for (std::uint64_t n = 0; n < 400; ++n)
    (void)cache.erase(room(n));
  BOOST_TEST(cache.stats().entries == 0U);
  BOOST_TEST(cache.stats().bytes == memory(capacity).stats().bytes);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
