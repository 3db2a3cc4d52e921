#include "rollcall/cache/memory.hpp"

#include "entries.hpp"
#include "keep.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

// How long one operation may keep others from a shard, counted in entries.
namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

constexpr std::size_t one_shard = 4 << 20;

identity of(std::string_view account, std::uint64_t n) {
  return {no_credential, "wcId", account, std::to_string(n) + "@chatroom"};
}

/// Lists of 2 KB, each asked for `uses` times, until the cache is full. How many it took.
std::uint64_t fill(memory& cache, int uses, time_point serve_until = at(1'000'000)) {
  std::uint64_t n = 0;
  for (; cache.stats().evictions == 0; ++n) {
    BOOST_REQUIRE(kept(cache, make_entry(of("w", n), 2'000, serve_until), at(0)));
    for (int i = 0; i < uses; ++i)
      BOOST_REQUIRE(cache.find(of("w", n), at(0)).entry != nullptr);
  }
  return n;
}

BOOST_AUTO_TEST_SUITE(memory_turns_suite)

BOOST_AUTO_TEST_CASE(an_insertion_into_a_full_cache_evicts_about_one) {
  memory cache(one_shard);
  auto n = fill(cache, 0);
  for (int i = 0; i < 2'000; ++i) {
    const auto before = cache.stats().evictions;
    BOOST_REQUIRE(kept(cache, make_entry(of("w", n++), 2'000), at(0)));
    BOOST_REQUIRE(cache.stats().evictions - before <= 1);
  }
  BOOST_TEST(cache.stats().longest_turn < 10U);
}

BOOST_AUTO_TEST_CASE(a_large_newcomer_makes_room_in_several_turns) {
  memory cache(one_shard);
  const auto n = fill(cache, 0);
  const auto before = cache.stats();
  const auto large = make_entry(of("w", n), one_shard / 4 - 10'000);
  BOOST_TEST(kept(cache, large, at(0)));
  BOOST_TEST(cache.find(of("w", n), at(0)).entry == large);
  const auto after = cache.stats();
  BOOST_TEST(after.evictions - before.evictions > 350U);
  BOOST_TEST(after.evictions - before.evictions < 500U);
  BOOST_TEST(after.longest_turn < 110U);
  BOOST_TEST(after.bytes <= one_shard);
}

BOOST_AUTO_TEST_CASE(among_hot_lists_each_turn_still_gets_somewhere) {
  memory cache(one_shard);
  const auto n = fill(cache, 3);
  const auto large = make_entry(of("w", n), one_shard / 4 - 10'000);
  BOOST_TEST(kept(cache, large, at(0)));
  BOOST_TEST(cache.find(of("w", n), at(0)).entry == large);
  BOOST_TEST(cache.stats().longest_turn <= memory::most_in_a_turn);
}

BOOST_AUTO_TEST_CASE(a_list_that_grows_much_stays_there_while_room_is_made) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, make_entry(of("w", 1'000'000), 2'000), at(0)));
  (void)fill(cache, 0); // the list is among the first to go
  BOOST_REQUIRE(cache.find(of("w", 1'000'000), at(0)).entry == nullptr);
  BOOST_REQUIRE(kept(cache, make_entry(of("w", 1'000'000), 2'000), at(0)));
  const auto before = cache.stats();
  const auto grown = make_entry(of("w", 1'000'000), one_shard / 4 - 10'000);
  BOOST_TEST(cache.replace(grown));
  BOOST_TEST(cache.find(of("w", 1'000'000), at(0)).entry == grown);
  BOOST_TEST(cache.stats().evictions > before.evictions + 300);
  BOOST_TEST(cache.stats().longest_turn <= memory::most_in_a_turn);
}

BOOST_AUTO_TEST_CASE(what_has_expired_goes_in_turns_as_well) {
  memory cache(one_shard);
  const auto n = fill(cache, 0, at(10));
  BOOST_TEST(kept(cache, make_entry(of("w", n), 100), at(10)));
  BOOST_TEST(cache.stats().expirations > 0U);
  BOOST_TEST(cache.stats().expirations < 10U);
  BOOST_TEST(kept(cache, make_entry(of("w", n + 1), one_shard / 4 - 10'000), at(10)));
  BOOST_TEST(cache.stats().expirations > 300U);
  BOOST_TEST(cache.stats().longest_turn <= memory::most_in_a_turn);
}

BOOST_AUTO_TEST_CASE(a_purge_of_a_large_account_is_whole_and_in_turns) {
  memory cache(one_shard);
  for (std::uint64_t n = 0; n < 1'500; ++n) {
    BOOST_REQUIRE(kept(cache, make_entry(of("w-1", n), 100), at(0)));
    BOOST_REQUIRE(kept(cache, make_entry(of("w-2", n), 100), at(0)));
  }
  BOOST_REQUIRE(cache.stats().evictions == 0U);
  BOOST_TEST(cache.matching(scope::account("w-1"), at(0)).size() == 1'500U);
  BOOST_TEST(cache.purge(scope::account("w-1")).size() == 1'500U);
  BOOST_TEST(cache.matching(scope::account("w-1"), at(0)).empty());
  BOOST_TEST(cache.matching(scope::account("w-2"), at(0)).size() == 1'500U);
  BOOST_TEST(cache.stats().longest_turn == memory::most_in_a_turn);
}

BOOST_AUTO_TEST_CASE(a_room_of_many_accounts_is_looked_through_in_turns) {
  memory cache(one_shard);
  for (std::uint64_t n = 0; n < 1'500; ++n)
    BOOST_REQUIRE(kept(cache, make_entry(of("w-" + std::to_string(n), 7), 100), at(0)));
  BOOST_TEST(cache.purge(scope::of("w-1499", "7@chatroom")).size() == 1U);
  BOOST_TEST(cache.purge(scope::of("w-0", "7@chatroom")).size() == 1U);
  BOOST_TEST(cache.purge(scope::of("w-700", "7@chatroom")).size() == 1U);
  BOOST_TEST(cache.purge(scope::room("7@chatroom")).size() == 1'497U);
  BOOST_TEST(cache.stats().longest_turn == memory::most_in_a_turn);
}

BOOST_AUTO_TEST_CASE(who_comes_between_the_turns_of_a_purge_hides_nobody_from_it) {
  memory cache(one_shard);
  std::jthread newcomers([&](const std::stop_token& stop) {
    for (std::uint64_t n = 0; !stop.stop_requested(); ++n)
      (void)keep(cache, make_entry(of("new-" + std::to_string(n % 100), 7), 100, at(1'000), 2), at(0));
  });
  for (int round = 0; round < 150; ++round) {
    for (std::uint64_t n = 0; n < 3'000; ++n)
      (void)keep(cache, make_entry(of("w-" + std::to_string(n), 7), 100, at(1'000), 1), at(0));
    (void)cache.purge(scope::room("7@chatroom"));
    for (std::uint64_t n = 0; n < 3'000; ++n)
      BOOST_REQUIRE(cache.find(of("w-" + std::to_string(n), 7), at(0)).entry == nullptr);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
