#include "rollcall/cache/memory.hpp"

#include "entries.hpp"
#include "keep.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

constexpr std::size_t one_shard = 4 << 20;

/// More purges of different scopes, or suspicions of different rooms, than memory keeps records of.
constexpr std::uint64_t too_many = 400;

BOOST_AUTO_TEST_SUITE(memory_fence_suite)

BOOST_AUTO_TEST_CASE(what_was_asked_for_before_a_purge_is_not_kept_after_it) {
  for (const auto& s : {scope::account("w-1"), scope::room("1@chatroom"), scope::of("w-1", "1@chatroom")}) {
    memory cache(64 << 20);
    const auto before = cache.stamp();
    (void)cache.purge(s);
    BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), before) == keeping::fenced, s.text());
    BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
    BOOST_TEST(cache.stats().fenced == 1U);
    BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), cache.stamp()) == keeping::kept, s.text());
  }
}

BOOST_AUTO_TEST_CASE(a_purge_of_something_else_keeps_nothing_out) {
  for (const auto& s : {scope::account("w-2"), scope::room("2@chatroom"), scope::of("w-1", "2@chatroom"),
                        scope::of("w-2", "1@chatroom"), scope::account("1@chatroom"), scope::room("w-1")}) {
    memory cache(one_shard);
    const auto before = cache.stamp();
    (void)cache.purge(s);
    BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), before) == keeping::kept, s.text());
  }
}

BOOST_AUTO_TEST_CASE(what_was_asked_for_after_the_purge_survives_the_late_answer) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  (void)cache.purge(scope::room("1@chatroom"));
  const auto good = make_entry(room(1), 100, at(1'000), 2);
  BOOST_TEST(kept(cache, good, at(0)));
  BOOST_TEST(cache.insert(make_entry(room(1), 100, at(1'000), 1), at(0), before) == keeping::fenced);
  BOOST_TEST(cache.find(room(1), at(0)).entry == good);
}

BOOST_AUTO_TEST_CASE(the_last_of_several_purges_counts) {
  memory cache(one_shard);
  (void)cache.purge(scope::account("w-1"));
  const auto between = cache.stamp();
  (void)cache.purge(scope::account("w-2"));
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), between) == keeping::kept);
  (void)cache.purge(scope::account("w-1"));
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), between) == keeping::fenced);
}

BOOST_AUTO_TEST_CASE(when_the_records_overflow_older_stamps_are_fenced_whatever_they_are_for) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  (void)cache.purge(scope::room("1@chatroom"));
  for (std::uint64_t i = 0; i < too_many / 2; ++i)
    (void)cache.purge(scope::room("x" + std::to_string(i)));
  BOOST_TEST(cache.insert(make_entry(room(2), 100), at(0), before) == keeping::kept);
  const auto later = cache.stamp();
  for (std::uint64_t i = too_many / 2; i < too_many; ++i)
    (void)cache.purge(scope::room("x" + std::to_string(i)));
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), before) == keeping::fenced);
  BOOST_TEST(cache.insert(make_entry(room(3), 100), at(0), before) == keeping::fenced);
  BOOST_TEST(cache.insert(make_entry(room(3), 100), at(0), later) == keeping::kept);
  BOOST_TEST(cache.insert(make_entry(room("x399"), 100), at(0), later) == keeping::fenced);
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), cache.stamp()) == keeping::kept);
}

BOOST_AUTO_TEST_CASE(one_scope_purged_over_and_over_uses_up_no_records) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  (void)cache.purge(scope::room("3@chatroom"));
  for (std::uint64_t i = 0; i < too_many; ++i)
    (void)cache.purge(scope::room("1@chatroom"));
  BOOST_TEST(cache.insert(make_entry(room(2), 100), at(0), before) == keeping::kept);
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), cache.stamp() - 1) == keeping::fenced);
}

BOOST_AUTO_TEST_CASE(the_record_purged_last_makes_room_last) {
  memory cache(one_shard);
  (void)cache.purge(scope::room("1@chatroom"));
  for (std::uint64_t i = 0; i < too_many / 2; ++i)
    (void)cache.purge(scope::room("x" + std::to_string(i)));
  const auto before = cache.stamp();
  (void)cache.purge(scope::room("1@chatroom")); // renewed
  for (std::uint64_t i = too_many / 2; i < too_many; ++i)
    (void)cache.purge(scope::room("x" + std::to_string(i)));
  BOOST_TEST(cache.insert(make_entry(room(2), 100), at(0), before) == keeping::kept);
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), before) == keeping::fenced);
}

BOOST_AUTO_TEST_CASE(when_the_records_overflow_older_stamps_are_suspect_whatever_they_are_for) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  cache.suspect(room(1));
  for (std::uint64_t i = 100; i < 100 + too_many / 2; ++i)
    cache.suspect(room(i));
  BOOST_TEST(cache.insert(make_entry(room(2), 100), at(0), before) == keeping::kept);
  for (std::uint64_t i = 100 + too_many / 2; i < 100 + too_many; ++i)
    cache.suspect(room(i));
  BOOST_TEST(!cache.find(room(2), at(0)).suspect);
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), before) == keeping::suspect);
  BOOST_TEST(cache.insert(make_entry(room(3), 100), at(0), before) == keeping::suspect);
  cache.confirm(room(3), 1, before);
  BOOST_TEST(cache.find(room(3), at(0)).suspect);
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), cache.stamp()) == keeping::kept);
}

BOOST_AUTO_TEST_CASE(without_capacity_the_fence_stands_all_the_same) {
  memory cache(0);
  const auto before = cache.stamp();
  BOOST_TEST(before > 0U);
  BOOST_TEST(cache.purge(scope::account("w-1")).empty());
  BOOST_TEST(cache.matching(scope::account("w-1"), at(0)).empty());
  cache.suspect(room(1));
  cache.confirm(room(1), 1, cache.stamp());
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), before) == keeping::fenced);
  BOOST_TEST(cache.insert(make_entry(room(1), 100), at(0), cache.stamp()) == keeping::refused);
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
  BOOST_TEST(cache.stats().bytes == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
