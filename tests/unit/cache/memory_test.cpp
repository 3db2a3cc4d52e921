#include "rollcall/cache/memory.hpp"

#include "allocations.hpp"
#include "entries.hpp"
#include "keep.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

constexpr std::size_t one_shard = 4 << 20;

/// One-off rooms, asked for once each, that together are `bytes` large.
void flood(memory& cache, std::size_t bytes, time_point now = at(0)) {
  static std::uint64_t next = 1'000'000;
  constexpr std::size_t size = 8'000;
  for (std::size_t sum = 0; sum < bytes; sum += size) {
    const auto id = room(next++);
    BOOST_REQUIRE(cache.find(id, now).entry == nullptr);
    BOOST_REQUIRE(kept(cache, make_entry(id, size), now));
  }
}

BOOST_AUTO_TEST_SUITE(memory_suite)

BOOST_AUTO_TEST_CASE(what_was_inserted_is_found_under_its_identity_only) {
  memory cache(one_shard);
  const auto e = make_entry(room(1), 100);
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
  BOOST_TEST(kept(cache, e, at(0)));
  BOOST_TEST(cache.find(room(1), at(0)).entry == e);
  BOOST_TEST(cache.find(room(2), at(0)).entry == nullptr);
  const auto stats = cache.stats();
  BOOST_TEST(stats.hits == 1U);
  BOOST_TEST(stats.misses == 2U);
  BOOST_TEST(stats.insertions == 1U);
  BOOST_TEST(stats.entries == 1U);
  BOOST_TEST(stats.bytes >= e->bytes());
}

BOOST_AUTO_TEST_CASE(a_hit_allocates_nothing, *boost::unit_test::enable_if<rollcall::test::allocations_are_counted>()) {
  memory cache(one_shard);
  const auto id = room(1);
  BOOST_REQUIRE(kept(cache, make_entry(id, 100), at(0)));
  const auto before = allocations_of_this_thread().count;
  BOOST_TEST(cache.find(id, at(0)).entry != nullptr);
  BOOST_TEST(allocations_of_this_thread().count == before);
}

BOOST_AUTO_TEST_CASE(the_last_insertion_replaces_and_gives_the_bytes_back) {
  memory cache(one_shard);
  BOOST_TEST(kept(cache, make_entry(room(1), 100), at(0)));
  const auto bytes = cache.stats().bytes;
  const auto larger = make_entry(room(1), 200'000);
  BOOST_TEST(kept(cache, larger, at(0)));
  BOOST_TEST(cache.find(room(1), at(0)).entry == larger);
  BOOST_TEST(kept(cache, make_entry(room(1), 100), at(0)));
  BOOST_TEST(cache.stats().bytes == bytes);
  BOOST_TEST(cache.stats().entries == 1U);
  BOOST_TEST(cache.stats().evictions == 0U);
}

BOOST_AUTO_TEST_CASE(erase_drops_one_identity) {
  memory cache(one_shard);
  const auto empty = cache.stats().bytes;
  BOOST_TEST(kept(cache, make_entry(room(1), 100), at(0)));
  BOOST_TEST(kept(cache, make_entry(room(2), 100), at(0)));
  BOOST_TEST(cache.erase(room(1), 1));
  BOOST_TEST(!cache.erase(room(1), 1));
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
  BOOST_TEST(cache.find(room(2), at(0)).entry != nullptr);
  BOOST_TEST(cache.erase(room(2), 1));
  BOOST_TEST(cache.stats().bytes == empty);
}

BOOST_AUTO_TEST_CASE(erase_drops_only_the_version_that_was_meant) {
  memory cache(one_shard);
  BOOST_TEST(kept(cache, make_entry(room(1), 100, at(1'000), 7), at(0)));
  BOOST_TEST(!cache.erase(room(1), 8));
  BOOST_TEST(cache.find(room(1), at(0)).entry != nullptr);
  BOOST_TEST(cache.erase(room(1), 7));
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
}

BOOST_AUTO_TEST_CASE(what_was_fetched_later_stays) {
  memory cache(one_shard);
  const auto fetched = [](std::int64_t ms, std::uint64_t version, time_point serve_until = at(1'000)) {
    auto e = make_entry(room(1), 100, serve_until, version);
    e->fetched_at = at(ms);
    return e;
  };
  const auto later = fetched(20, 1);
  BOOST_TEST(kept(cache, later, at(20)));
  BOOST_TEST(keep(cache, fetched(19, 2), at(20)) == keeping::older);
  BOOST_TEST(keep(cache, fetched(19, 3, at(20)), at(20)) == keeping::older); // although it has expired
  BOOST_TEST(cache.find(room(1), at(20)).entry == later);
  BOOST_TEST(cache.stats().insertions == 1U);

  const auto at_the_same_time = fetched(20, 4);
  BOOST_TEST(kept(cache, at_the_same_time, at(20)));
  const auto same_version = fetched(10, 4);
  BOOST_TEST(kept(cache, same_version, at(20)));
  BOOST_TEST(cache.find(room(1), at(20)).entry == same_version);
}

BOOST_AUTO_TEST_CASE(what_was_fetched_later_but_has_expired_makes_room) {
  memory cache(one_shard);
  // Older ones that have expired too, so that this one is not among the few that an insertion clears away.
  for (std::uint64_t i = 2; i < 20; ++i)
    BOOST_REQUIRE(kept(cache, make_entry(room(i), 100, at(50)), at(0)));
  auto later = make_entry(room(1), 100, at(50));
  later->fetched_at = at(20);
  BOOST_TEST(kept(cache, later, at(20)));
  auto e = make_entry(room(1), 100, at(1'000), 2);
  e->fetched_at = at(10);
  BOOST_TEST(kept(cache, e, at(50)));
  BOOST_TEST(cache.find(room(1), at(50)).entry == e);
}

BOOST_AUTO_TEST_CASE(an_entry_is_gone_at_serve_until) {
  memory cache(one_shard);
  BOOST_TEST(kept(cache, make_entry(room(1), 100, at(500)), at(0)));
  BOOST_TEST(cache.find(room(1), at(499)).entry != nullptr);
  BOOST_TEST(cache.find(room(1), at(500)).entry == nullptr);
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
  BOOST_TEST(cache.stats().expirations == 1U);
  BOOST_TEST(cache.stats().entries == 0U);
}

BOOST_AUTO_TEST_CASE(an_expired_entry_is_not_taken_and_the_older_one_goes) {
  memory cache(one_shard);
  BOOST_TEST(kept(cache, make_entry(room(1), 100), at(0)));
  BOOST_TEST(keep(cache, make_entry(room(1), 100, at(5)), at(5)) == keeping::refused);
  BOOST_TEST(cache.find(room(1), at(5)).entry == nullptr);
  BOOST_TEST(cache.stats().refusals == 0U);
}

BOOST_AUTO_TEST_CASE(insertions_clear_away_what_nobody_asks_for_any_more) {
  memory cache(one_shard);
  for (std::uint64_t i = 0; i < 100; ++i)
    BOOST_REQUIRE(kept(cache, make_entry(room(i), 100, at(1'000)), at(0)));
  for (std::uint64_t i = 100; i < 200; ++i)
    BOOST_REQUIRE(kept(cache, make_entry(room(i), 100, at(9'000)), at(1'000)));
  BOOST_TEST(cache.stats().expirations == 100U);
  BOOST_TEST(cache.stats().entries == 100U);
}

BOOST_AUTO_TEST_CASE(replace_adds_to_the_version_that_is_there) {
  memory cache(one_shard);
  BOOST_TEST(kept(cache, make_entry(room(1), 5'000, at(1'000), 7), at(0)));
  const auto bytes = cache.stats().bytes;
  const auto with_gzip = make_entry(room(1), 5'000, at(1'000), 7);
  with_gzip->gzip = variant::make("", "gzip", std::string(2'000, 'z'));
  BOOST_TEST(cache.replace(with_gzip));
  BOOST_TEST(cache.find(room(1), at(0)).entry == with_gzip);
  BOOST_TEST(cache.stats().bytes > bytes + 2'000);
}

BOOST_AUTO_TEST_CASE(replace_brings_back_nothing_that_is_gone_or_newer) {
  memory cache(one_shard);
  BOOST_TEST(!cache.replace(make_entry(room(1), 100, at(1'000), 7)));
  const auto newer = make_entry(room(1), 100, at(1'000), 8);
  BOOST_TEST(kept(cache, newer, at(0)));
  BOOST_TEST(!cache.replace(make_entry(room(1), 100, at(1'000), 7)));
  BOOST_TEST(cache.find(room(1), at(0)).entry == newer);
  BOOST_TEST(cache.erase(room(1), 8));
  BOOST_TEST(!cache.replace(make_entry(room(1), 100, at(1'000), 8)));
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
}

BOOST_AUTO_TEST_CASE(replace_makes_room_by_eviction) {
  memory cache(one_shard);
  flood(cache, one_shard + one_shard / 4);
  BOOST_REQUIRE(kept(cache, make_entry(room(1), 100), at(0)));
  const auto before = cache.stats();
  BOOST_TEST(cache.replace(make_entry(room(1), 500'000)));
  BOOST_TEST(cache.stats().bytes <= one_shard);
  BOOST_TEST(cache.stats().evictions > before.evictions);
  BOOST_TEST(cache.stats().expirations == 0U);
}

BOOST_AUTO_TEST_CASE(an_entry_above_a_quarter_of_its_shard_is_refused_and_takes_the_older_one_along) {
  memory cache(one_shard);
  BOOST_TEST(kept(cache, make_entry(room(1), one_shard / 4 - 10'000), at(0)));
  BOOST_TEST(keep(cache, make_entry(room(1), one_shard / 4), at(0)) == keeping::refused);
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
  BOOST_TEST(cache.stats().refusals == 1U);
  BOOST_TEST(cache.stats().insertions == 1U);
}

BOOST_AUTO_TEST_CASE(replace_with_something_too_large_leaves_the_old_one) {
  memory cache(one_shard);
  const auto small = make_entry(room(1), 100);
  BOOST_TEST(kept(cache, small, at(0)));
  BOOST_TEST(!cache.replace(make_entry(room(1), one_shard / 4)));
  BOOST_TEST(cache.find(room(1), at(0)).entry == small);
}

BOOST_AUTO_TEST_CASE(without_capacity_nothing_is_kept_and_nothing_counted_as_refused) {
  memory cache(0);
  BOOST_TEST(keep(cache, make_entry(room(1), 0), at(0)) == keeping::refused);
  BOOST_TEST(!cache.replace(make_entry(room(1), 0)));
  BOOST_TEST(!cache.erase(room(1), 1));
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
  const auto stats = cache.stats();
  BOOST_TEST(stats.refusals == 0U);
  BOOST_TEST(stats.bytes == 0U);
  BOOST_TEST(stats.capacity == 0U);
}

BOOST_AUTO_TEST_CASE(odd_capacities_are_kept_to) {
  for (const std::size_t capacity : {1UL, 63UL, 4'096UL, 20'000UL, 4'194'303UL, 8'388'609UL, 300'000'001UL}) {
    memory cache(capacity);
    for (std::uint64_t i = 0; i < 50; ++i)
      (void)kept(cache, make_entry(room(i), 100), at(0));
    BOOST_TEST(cache.stats().bytes <= capacity);
    BOOST_TEST(cache.stats().capacity == capacity);
  }
}

BOOST_AUTO_TEST_CASE(rooms_that_are_asked_for_again_survive_a_flood_of_others) {
  memory cache(one_shard);
  for (std::uint64_t i = 0; i < 50; ++i) {
    BOOST_REQUIRE(kept(cache, make_entry(room(i), 8'000), at(0)));
    BOOST_REQUIRE(cache.find(room(i), at(0)).entry != nullptr);
  }
  flood(cache, 10 * one_shard);
  std::size_t left = 0;
  for (std::uint64_t i = 0; i < 50; ++i)
    left += cache.find(room(i), at(0)).entry != nullptr;
  BOOST_TEST(left == 50U);
  BOOST_TEST(cache.stats().evictions > 1'000U);
}

BOOST_AUTO_TEST_CASE(a_room_that_was_pushed_out_and_comes_back_soon_stays) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, make_entry(room(1), 8'000), at(0)));
  flood(cache, one_shard + one_shard / 4);
  BOOST_REQUIRE(cache.find(room(1), at(0)).entry == nullptr);
  BOOST_REQUIRE(kept(cache, make_entry(room(1), 8'000), at(0))); // remembered
  BOOST_REQUIRE(kept(cache, make_entry(room(2), 8'000), at(0))); // never seen
  flood(cache, 3 * one_shard);
  BOOST_TEST(cache.find(room(1), at(0)).entry != nullptr);
  BOOST_TEST(cache.find(room(2), at(0)).entry == nullptr);
}

BOOST_AUTO_TEST_CASE(a_room_that_comes_back_late_is_a_newcomer) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, make_entry(room(1), 8'000), at(0)));
  flood(cache, 4 * one_shard);
  BOOST_REQUIRE(kept(cache, make_entry(room(1), 8'000), at(0)));
  flood(cache, 3 * one_shard);
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
}

BOOST_AUTO_TEST_CASE(a_refreshed_room_keeps_its_standing) {
  memory cache(one_shard);
  for (std::uint64_t i = 0; i < 2; ++i) {
    BOOST_REQUIRE(kept(cache, make_entry(room(i), 8'000), at(0)));
    BOOST_REQUIRE(cache.find(room(i), at(0)).entry != nullptr);
  }
  BOOST_REQUIRE(kept(cache, make_entry(room(0), 9'000), at(0))); // from the small queue, used once
  flood(cache, 3 * one_shard);
  BOOST_REQUIRE(cache.replace(make_entry(room(1), 9'000))); // from the main queue
  flood(cache, 3 * one_shard);
  BOOST_TEST(cache.find(room(0), at(0)).entry != nullptr);
  BOOST_TEST(cache.find(room(1), at(0)).entry != nullptr);
}

BOOST_AUTO_TEST_CASE(a_cache_full_of_hot_rooms_still_takes_newcomers) {
  memory cache(one_shard);
  std::uint64_t rooms = 0;
  for (; cache.stats().evictions == 0; ++rooms) {
    BOOST_REQUIRE(kept(cache, make_entry(room(rooms), 2'000), at(0)));
    for (int i = 0; i < 3; ++i)
      BOOST_REQUIRE(cache.find(room(rooms), at(0)).entry != nullptr);
  }
  const auto newcomer = make_entry(room(rooms), 500'000);
  BOOST_TEST(kept(cache, newcomer, at(0)));
  BOOST_TEST(cache.find(room(rooms), at(0)).entry == newcomer);
  BOOST_TEST(cache.stats().bytes <= one_shard);
}

BOOST_AUTO_TEST_CASE(entries_are_freed_outside_the_lock) {
  memory cache(one_shard);
  int freed = 0;
  // A deleter that uses the cache stands still for ever when it runs under the shard's lock.
  const auto tell_tale = [&](std::uint64_t n, time_point serve_until) {
    auto inner = make_entry(room(n), 900'000, serve_until);
    auto* const e = inner.get();
    return entry_ptr(e, [&cache, &freed, inner = std::move(inner)](const entry*) mutable {
      (void)cache.stats();
      inner.reset();
      ++freed;
    });
  };
  BOOST_TEST(kept(cache, tell_tale(1, at(1'000)), at(0)));
  BOOST_TEST(kept(cache, tell_tale(1, at(1'000)), at(0))); // replaced
  BOOST_TEST(freed == 1);
  BOOST_TEST(cache.replace(tell_tale(1, at(1'000))));
  BOOST_TEST(freed == 2);
  BOOST_TEST(cache.erase(room(1), 1));
  BOOST_TEST(freed == 3);
  BOOST_TEST(kept(cache, tell_tale(2, at(10)), at(0)));
  BOOST_TEST(cache.find(room(2), at(10)).entry == nullptr); // expired
  BOOST_TEST(freed == 4);
  BOOST_TEST(kept(cache, tell_tale(3, at(10)), at(0)));
  BOOST_TEST(kept(cache, tell_tale(4, at(99)), at(10))); // swept
  BOOST_TEST(freed == 5);
  for (std::uint64_t n = 5; n < 20; ++n)
    BOOST_TEST(kept(cache, tell_tale(n, at(99)), at(10))); // pushed out
  BOOST_TEST(freed > 10);
  BOOST_TEST(keep(cache, tell_tale(5, at(10)), at(10)) == keeping::refused); // not taken
  for (std::uint64_t n = 4; n < 12; ++n)
    (void)cache.erase(room(n), 1);
  (void)cache.purge(scope::account("w-1"));
  BOOST_TEST(freed == 22);
  BOOST_TEST(kept(cache, tell_tale(1, at(99)), at(10)));
  (void)cache.purge(scope::account("w-1"));
  BOOST_TEST(cache.insert(tell_tale(1, at(99)), at(10), 1) == keeping::fenced);
  BOOST_TEST(freed == 24);
}

BOOST_AUTO_TEST_CASE(every_end_of_an_insertion_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (const auto k : {keeping::kept, keeping::suspect, keeping::refused, keeping::fenced, keeping::older})
    names.insert(to_string(k));
  BOOST_TEST(names.size() == 5U);
  BOOST_TEST(!names.contains(""));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
