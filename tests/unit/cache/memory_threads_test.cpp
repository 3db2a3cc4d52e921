#include "rollcall/cache/memory.hpp"

#include "entries.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

using stamp = memory::stamp_type;

constexpr std::size_t capacity = 8 << 20;
constexpr std::size_t rooms = 400;
constexpr std::size_t accounts = 7;

std::string account_of(std::size_t n) {
  return "w-" + std::to_string(n % accounts);
}
std::string room_of(std::size_t n) {
  return std::to_string(n / 2) + "@chatroom"; // each with two accounts
}
identity id_of(std::size_t n) {
  return {no_credential, "wcId", account_of(n), room_of(n)};
}
std::size_t size_of(std::size_t n) {
  return 1'000 + n * 200;
}

/// Up to when what was asked for a room must not be seen any more, as the threads tell each other.
using limits = std::array<std::atomic<stamp>, rooms>;

void raise(std::atomic<stamp>& limit, stamp to) {
  for (auto was = limit.load(); was < to && !limit.compare_exchange_weak(was, to);)
    ;
}

/// Everything at once on rooms that all threads share. An entry's version is the stamp with which it was asked for, so
/// that whoever finds one can tell whether it may still be there.
class hammer {
public:
  hammer(memory& cache, limits& purged, limits& suspected, std::uint64_t seed)
      : cache_(cache), purged_(purged), suspected_(suspected), random_(seed) {
    flights_.fill(cache.stamp());
  }

  /// The number of answers that were wrong, and of moments at which the bound did not hold.
  std::uint64_t run() {
    for (int i = 0; i < 40'000; ++i)
      step(random_() % rooms, at(i / 10));
    return wrong_;
  }

private:
  void step(std::size_t n, time_point now) {
    const auto id = id_of(n);
    stamp& asked = flights_[random_() % flights_.size()];
    switch (random_() % 20) {
    case 0:
    case 1:
    case 2:
    case 3:
      (void)cache_.insert(make_entry(id, size_of(n), now + milliseconds(random_() % 2'000), asked), now, asked);
      break;
    case 4:
    case 5:
      asked = cache_.stamp();
      break;
    case 6:
      (void)cache_.replace(make_entry(id, size_of(n), now + milliseconds(500), asked));
      break;
    case 7:
      (void)cache_.erase(id, asked);
      break;
    case 8:
      wrong_ += cache_.stats().bytes > capacity;
      break;
    case 9:
      purge(n);
      break;
    case 10: {
      const auto before = cache_.stamp();
      cache_.suspect(id);
      raise(suspected_[n], before);
      break;
    }
    case 11:
      if (const auto found = cache_.find(id, now); may_be_confirmed(n) && found.entry != nullptr)
        cache_.confirm(id, found.entry->version, asked);
      break;
    case 12:
      if (random_() % 50 == 0)
        lose_news();
      for (const auto& e : cache_.matching(scope::room(room_of(n)), now))
        wrong_ += e->id.parts().room != room_of(n) || e->serve_until <= now;
      break;
    default:
      look(n, id, now);
    }
  }

  void look(std::size_t n, const identity& id, time_point now) {
    const auto purged = purged_[n].load();
    const auto suspected = suspected_[n].load();
    const auto found = cache_.find(id, now);
    if (found.entry == nullptr)
      return;
    const entry& e = *found.entry;
    wrong_ += !(e.id == id) || e.plain->body().size() != size_of(n) || e.serve_until <= now;
    wrong_ += e.version <= purged;
    wrong_ += !may_be_confirmed(n) && !found.suspect && e.version <= suspected;
  }

  void purge(std::size_t n) {
    const auto before = cache_.stamp();
    switch (random_() % 8) {
    case 0:
      (void)cache_.purge(scope::account(account_of(n)));
      for (std::size_t i = n % accounts; i < rooms; i += accounts)
        raise(purged_[i], before);
      break;
    case 1:
    case 2:
      (void)cache_.purge(scope::room(room_of(n)));
      for (const auto i : {n / 2 * 2, n / 2 * 2 + 1})
        raise(purged_[i], before);
      break;
    default:
      (void)cache_.purge(scope::of(account_of(n), room_of(n)));
      raise(purged_[n], before);
    }
  }

  void lose_news() {
    const auto before = cache_.stamp();
    cache_.distrust();
    cache_.trust();
    for (auto& limit : suspected_)
      raise(limit, before);
  }

  /// The others show that what is no suspect was asked for after the last suspicion.
  static bool may_be_confirmed(std::size_t n) { return n % 2 == 0; }

  memory& cache_;
  limits& purged_;
  limits& suspected_;
  std::mt19937_64 random_;
  std::array<stamp, 8> flights_{};
  std::uint64_t wrong_ = 0;
};

BOOST_AUTO_TEST_SUITE(memory_threads_suite)

BOOST_AUTO_TEST_CASE(four_threads_get_right_answers_within_the_bound_and_nothing_from_before_a_purge) {
  memory cache(capacity);
  limits purged{};
  limits suspected{};
  std::atomic<std::uint64_t> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
      threads.emplace_back([&, seed] { wrong += hammer(cache, purged, suspected, seed).run(); });
  }
  BOOST_TEST(wrong == 0U);
  const auto stats = cache.stats();
  BOOST_TEST(stats.hits > 1'000U);
  BOOST_TEST(stats.evictions + stats.expirations > 0U);
  BOOST_TEST(stats.purged > 100U);
  BOOST_TEST(stats.fenced > 100U);

  for (std::size_t n = 0; n < accounts; ++n)
    (void)cache.purge(scope::account(account_of(n)));
  BOOST_TEST(cache.stats().entries == 0U);
  BOOST_TEST(cache.stats().bytes == memory(capacity).stats().bytes);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
