#include "rollcall/cache/memory.hpp"

#include "entries.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

/// The cache beside a map that forgets nothing. The cache may have lost anything, but what it has must be right.
class beside_a_map {
public:
  beside_a_map(std::size_t capacity, std::uint64_t rooms, std::uint64_t seed)
      : cache_(capacity), capacity_(capacity), rooms_(rooms), random_(seed) {}

  void step() {
    const auto id = room(random_() % rooms_);
    auto& last = model_[std::string(id.text())];
    switch (random_() % 10) {
    case 0:
    case 1:
    case 2: {
      const auto e = some_entry(id);
      const bool kept = cache_.insert(e, now_);
      last = kept ? e : nullptr;
      BOOST_REQUIRE(cache_.find(id, now_) == last);
      break;
    }
    case 3: {
      const auto e = some_entry(id);
      if (last != nullptr && random_() % 4 != 0)
        e->version = last->version;
      const auto old = last;
      if (cache_.replace(e)) {
        BOOST_REQUIRE(old != nullptr);
        BOOST_REQUIRE(old->version == e->version);
        last = e;
      }
      break;
    }
    case 4:
      BOOST_REQUIRE((!cache_.erase(id) || last != nullptr));
      last = nullptr;
      break;
    case 5:
      now_ += milliseconds(random_() % 20);
      break;
    default:
      if (const auto found = cache_.find(id, now_)) {
        BOOST_REQUIRE(found == last);
        BOOST_REQUIRE((found->id == id));
        BOOST_REQUIRE((found->serve_until > now_));
      }
    }
    const auto stats = cache_.stats();
    BOOST_REQUIRE(stats.bytes <= capacity_);
    BOOST_REQUIRE(stats.entries <= rooms_);
  }

  [[nodiscard]] memory_stats stats() const { return cache_.stats(); }

private:
  /// From 100 B to 300 KB, small ones as likely as large ones.
  std::shared_ptr<entry> some_entry(const identity& id) {
    const auto size = 100 * std::pow(3'000.0, std::uniform_real_distribution(0.0, 1.0)(random_));
    const auto lives = milliseconds(random_() % 4'000);
    return make_entry(id, static_cast<std::size_t>(size), now_ + lives, ++version_);
  }

  memory cache_;
  std::size_t capacity_;
  std::uint64_t rooms_;
  std::mt19937_64 random_;
  std::uint64_t version_ = 0;
  time_point now_ = at(1'000'000);
  std::map<std::string, entry_ptr> model_;
};

BOOST_AUTO_TEST_SUITE(memory_model_suite)

BOOST_AUTO_TEST_CASE(whatever_is_found_is_the_last_of_its_identity_and_the_bound_holds_at_every_step) {
  memory_stats sum;
  for (const std::size_t capacity : {1UL << 20, 4UL << 20, 9UL << 20}) {
    beside_a_map run(capacity, 600, capacity);
    for (int i = 0; i < 12'000; ++i)
      run.step();
    const auto stats = run.stats();
    sum.hits += stats.hits;
    sum.evictions += stats.evictions;
    sum.expirations += stats.expirations;
  }
  // Or the run proves little.
  BOOST_TEST(sum.hits > 1'000U);
  BOOST_TEST(sum.evictions > 1'000U);
  BOOST_TEST(sum.expirations > 200U);
}

BOOST_AUTO_TEST_CASE(a_tiny_cache_refuses_most_and_is_never_wrong) {
  beside_a_map run(40'000, 20, 3);
  for (int i = 0; i < 10'000; ++i)
    run.step();
  BOOST_TEST(run.stats().refusals > 100U);
  BOOST_TEST(run.stats().hits > 100U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
