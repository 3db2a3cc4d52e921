#include "rollcall/cache/memory.hpp"

#include "entries.hpp"
#include "keep.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

constexpr std::size_t one_shard = 4 << 20;

std::shared_ptr<entry> version(std::uint64_t v, std::int64_t fetched_at = 0) {
  auto e = make_entry(room(1), 100, at(1'000), v);
  e->fetched_at = at(fetched_at);
  return e;
}

/// Whether memory has the room and suspects it.
bool suspected(memory& cache, const identity& id = room(1)) {
  const auto found = cache.find(id, at(0));
  BOOST_REQUIRE(found.entry != nullptr);
  return found.suspect;
}

BOOST_AUTO_TEST_SUITE(memory_suspects_suite)

BOOST_AUTO_TEST_CASE(a_suspicion_is_of_one_identity_and_loses_nothing) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  BOOST_REQUIRE(kept(cache, make_entry(room(2), 100), at(0)));
  BOOST_TEST(!suspected(cache));
  cache.suspect(room(1));
  BOOST_TEST(suspected(cache));
  BOOST_TEST(!suspected(cache, room(2)));
  cache.suspect(room(3)); // which it does not hold
  BOOST_TEST(cache.find(room(3), at(0)).entry == nullptr);
}

BOOST_AUTO_TEST_CASE(what_was_asked_for_before_is_a_suspect_when_it_comes) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  cache.suspect(room(1));
  BOOST_TEST(cache.insert(version(1), at(0), before) == keeping::suspect);
  BOOST_TEST(suspected(cache));
  BOOST_TEST(cache.stats().insertions == 1U);
  BOOST_TEST(cache.insert(version(2), at(0), cache.stamp()) == keeping::kept);
  BOOST_TEST(!suspected(cache));
}

BOOST_AUTO_TEST_CASE(only_its_own_version_asked_about_afterwards_clears_it) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, version(7), at(0)));
  const auto before = cache.stamp();
  cache.suspect(room(1));
  cache.confirm(room(1), 7, before);
  BOOST_TEST(suspected(cache));
  cache.confirm(room(1), 8, cache.stamp());
  BOOST_TEST(suspected(cache));
  cache.confirm(room(2), 7, cache.stamp());
  BOOST_TEST(suspected(cache));
  const auto between = cache.stamp();
  cache.suspect(room(1)); // news again, while Redis was being asked
  cache.confirm(room(1), 7, between);
  BOOST_TEST(suspected(cache));
  cache.confirm(room(1), 7, cache.stamp());
  BOOST_TEST(!suspected(cache));
}

BOOST_AUTO_TEST_CASE(a_late_confirmation_takes_nothing_back) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  cache.trust();
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  cache.confirm(room(1), 1, before);
  BOOST_TEST(!suspected(cache));
}

BOOST_AUTO_TEST_CASE(adding_a_variant_neither_clears_nor_accuses) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  BOOST_TEST(cache.replace(version(1)));
  BOOST_TEST(!suspected(cache));
  cache.suspect(room(1));
  BOOST_TEST(cache.replace(version(1)));
  BOOST_TEST(suspected(cache));
}

BOOST_AUTO_TEST_CASE(the_same_version_again_is_as_good_as_the_better_of_both) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  cache.suspect(room(1));
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  BOOST_TEST(cache.insert(version(1), at(0), before) == keeping::kept);
  BOOST_TEST(!suspected(cache));
  cache.suspect(room(1));
  BOOST_TEST(cache.insert(version(1), at(0), before) == keeping::suspect);
  BOOST_TEST(cache.insert(version(1), at(0), cache.stamp()) == keeping::kept);
}

BOOST_AUTO_TEST_CASE(another_version_has_to_earn_it) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  cache.suspect(room(1));
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  BOOST_TEST(cache.insert(version(2), at(0), before) == keeping::suspect);
  BOOST_TEST(suspected(cache));
}

BOOST_AUTO_TEST_CASE(a_suspect_gives_way_to_what_was_fetched_earlier_but_is_none) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, version(1, 20), at(20)));
  cache.suspect(room(1));
  BOOST_TEST(keep(cache, version(2, 10), at(20)) == keeping::kept);
  BOOST_TEST(!suspected(cache));
}

BOOST_AUTO_TEST_CASE(of_two_suspects_the_one_fetched_later_stays) {
  memory cache(one_shard);
  const auto before = cache.stamp();
  BOOST_REQUIRE(kept(cache, version(1, 20), at(20)));
  cache.suspect(room(1));
  BOOST_TEST(cache.insert(version(2, 10), at(20), before) == keeping::older);

  cache.distrust();
  BOOST_TEST(keep(cache, version(3, 40), at(40)) == keeping::suspect);
  BOOST_TEST(keep(cache, version(4, 30), at(40)) == keeping::older);
  cache.suspect(room(1));
  BOOST_TEST(keep(cache, version(5, 30), at(40)) == keeping::suspect); // asked for after the last news
  BOOST_TEST(cache.find(room(1), at(40)).entry->version == 5U);
}

BOOST_AUTO_TEST_CASE(without_news_everything_is_suspect_until_it_is_confirmed_after_they_are_back) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  cache.distrust();
  BOOST_TEST(suspected(cache));
  BOOST_TEST(keep(cache, make_entry(room(2), 100), at(0)) == keeping::suspect);
  const auto without = cache.stamp();
  cache.confirm(room(1), 1, without);
  BOOST_TEST(suspected(cache));

  cache.trust();
  BOOST_TEST(suspected(cache));
  BOOST_TEST(suspected(cache, room(2)));
  cache.confirm(room(1), 1, without);
  BOOST_TEST(suspected(cache));
  BOOST_TEST(cache.insert(make_entry(room(3), 100), at(0), without) == keeping::suspect);
  cache.confirm(room(1), 1, cache.stamp());
  BOOST_TEST(!suspected(cache));
  BOOST_TEST(suspected(cache, room(2)));
  BOOST_TEST(keep(cache, make_entry(room(3), 100, at(1'000), 2), at(0)) == keeping::kept);
}

BOOST_AUTO_TEST_CASE(news_that_are_back_without_having_been_missed_were_missed) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  cache.trust();
  BOOST_TEST(suspected(cache));
}

BOOST_AUTO_TEST_CASE(a_purge_takes_suspects_too) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, version(1), at(0)));
  cache.suspect(room(1));
  BOOST_TEST(cache.purge(scope::room("1@chatroom")).size() == 1U);
  BOOST_TEST(cache.find(room(1), at(0)).entry == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
