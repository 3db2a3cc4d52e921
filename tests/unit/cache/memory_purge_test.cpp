#include "rollcall/cache/memory.hpp"

#include "entries.hpp"
#include "keep.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

constexpr std::size_t one_shard = 4 << 20;
constexpr std::size_t many_shards = 64 << 20;

/// The same room as two accounts, two credentials and two names of the field know it, and another room.
std::vector<identity> family(std::string_view account, std::string_view other, std::string_view room_name) {
  std::vector<identity> ids;
  for (const auto credential : {no_credential, std::string_view("0123456789abcdef")})
    for (const auto field : {"wcId", "chatRoomId"})
      for (const auto w_id : {account, other})
        for (const auto name : {room_name, std::string_view("other@chatroom")})
          ids.emplace_back(credential, field, w_id, name);
  return ids;
}

void fill(memory& cache, const std::vector<identity>& ids) {
  for (const auto& id : ids)
    BOOST_REQUIRE(kept(cache, make_entry(id, 100), at(0)));
}

std::vector<std::string> texts(const std::vector<entry_ptr>& entries) {
  std::vector<std::string> all;
  for (const auto& e : entries)
    all.emplace_back(e->id.text());
  std::ranges::sort(all);
  return all;
}

/// Purges `s` from a memory that holds `ids` and tests that those which `covered` tells go, and no others.
template <class F>
void purges_exactly(const std::vector<identity>& ids, const scope& s, F covered) {
  memory cache(many_shards);
  fill(cache, ids);
  std::vector<std::string> expected;
  for (const auto& id : ids)
    if (covered(id))
      expected.emplace_back(id.text());
  std::ranges::sort(expected);
  BOOST_TEST(texts(cache.matching(s, at(0))) == expected, boost::test_tools::per_element());
  BOOST_TEST(texts(cache.purge(s)) == expected, boost::test_tools::per_element());
  BOOST_TEST(cache.matching(s, at(0)).empty());
  for (const auto& id : ids)
    BOOST_TEST((cache.find(id, at(0)).entry == nullptr) == covered(id), id.text());
  BOOST_TEST(cache.stats().purged == expected.size());
  BOOST_TEST(cache.stats().entries == ids.size() - expected.size());
}

BOOST_AUTO_TEST_SUITE(memory_purge_suite)

BOOST_AUTO_TEST_CASE(an_account_loses_its_own_rooms_only) {
  purges_exactly(family("w-1", "w-2", "1@chatroom"), scope::account("w-1"),
                 [](const identity& id) { return id.text().contains(":w-1:"); });
}

BOOST_AUTO_TEST_CASE(a_room_is_lost_to_all_accounts_credentials_and_fields) {
  purges_exactly(family("w-1", "w-2", "1@chatroom"), scope::room("1@chatroom"),
                 [](const identity& id) { return id.text().ends_with(":1@chatroom"); });
}

BOOST_AUTO_TEST_CASE(a_room_of_an_account_is_lost_to_that_account) {
  purges_exactly(family("w-1", "w-2", "1@chatroom"), scope::of("w-1", "1@chatroom"),
                 [](const identity& id) { return id.text().ends_with(":w-1:1@chatroom"); });
}

BOOST_AUTO_TEST_CASE(an_account_is_no_room_of_the_same_name) {
  const std::vector<identity> ids = {{"-", "wcId", "x", "y"}, {"-", "wcId", "y", "x"}, {"-", "wcId", "x", "x"}};
  purges_exactly(ids, scope::account("x"), [](const identity& id) { return id.text().contains(":x:"); });
  purges_exactly(ids, scope::room("x"), [](const identity& id) { return id.text().ends_with(":x"); });
}

BOOST_AUTO_TEST_CASE(odd_names_are_told_apart) {
  // Each is what another one looks like when it is escaped once too often, or not at all.
  const std::vector<std::string_view> names = {"a:b", "a%3Ab", "a%253Ab", "a", "{a}", "{a", "a b", "%", "a:"};
  std::vector<identity> ids;
  for (const auto w_id : names) {
    ids.emplace_back(no_credential, "wcId", w_id, "b");
    for (const auto room_name : names)
      ids.emplace_back(no_credential, "wcId", w_id, room_name);
  }
  for (const auto name : names) {
    const identity spelled("", "", name, "");
    const auto is = [escaped = spelled.parts().w_id](std::string_view part) { return part == escaped; };
    purges_exactly(ids, scope::account(name), [&](const identity& id) { return is(id.parts().w_id); });
    purges_exactly(ids, scope::room(name), [&](const identity& id) { return is(id.parts().room); });
    purges_exactly(ids, scope::of(name, "a:b"),
                   [&](const identity& id) { return is(id.parts().w_id) && id.parts().room == "a%3Ab"; });
  }
}

BOOST_AUTO_TEST_CASE(names_whose_hashes_meet_are_told_apart) {
  // Two that memory cannot tell by the 32 bits that it keeps of their hashes.
  std::unordered_map<std::uint32_t, std::string> seen;
  std::string a, b;
  for (std::uint64_t i = 0; a.empty(); ++i) {
    const auto name = std::to_string(i);
    const auto [other, is_new] = seen.try_emplace(static_cast<std::uint32_t>(identity_hash(name)), name);
    if (!is_new) {
      a = name;
      b = other->second;
    }
  }
  const std::vector<identity> ids = {{"-", "wcId", a, "1"}, {"-", "wcId", b, "1"}, {"-", "wcId", "w", a},
                                     {"-", "wcId", "w", b}, {"-", "wcId", a, b},   {"-", "wcId", b, a}};
  purges_exactly(ids, scope::account(a), [&](const identity& id) { return id.parts().w_id == a; });
  purges_exactly(ids, scope::room(a), [&](const identity& id) { return id.parts().room == a; });
  purges_exactly(ids, scope::of(a, b), [&](const identity& id) { return id == identity("-", "wcId", a, b); });
}

BOOST_AUTO_TEST_CASE(a_large_account_is_purged_whole_and_its_bytes_come_back) {
  memory cache(one_shard);
  const auto empty = cache.stats().bytes;
  for (std::uint64_t i = 0; i < 1'500; ++i)
    BOOST_REQUIRE(
        kept(cache, make_entry({"-", "wcId", i % 3 == 0 ? "small" : "large", std::to_string(i)}, 100), at(0)));
  BOOST_TEST(cache.purge(scope::account("large")).size() == 1'000U);
  BOOST_TEST(cache.matching(scope::account("small"), at(0)).size() == 500U);
  BOOST_TEST(cache.stats().entries == 500U);
  BOOST_TEST(cache.purge(scope::account("large")).empty());
  BOOST_TEST(cache.purge(scope::account("small")).size() == 500U);
  BOOST_TEST(cache.stats().bytes == empty);
  BOOST_TEST(cache.stats().purged == 1'500U);
}

BOOST_AUTO_TEST_CASE(an_account_is_found_whole_after_evictions_replacements_and_expiry) {
  memory cache(one_shard);
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    const auto id = room(i % 700);
    (void)keep(cache, make_entry(id, 100 + i * 37 % 20'000, at(i % 5 == 0 ? 100 : 1'000)), at(0));
    (void)cache.find(room(i * 7 % 700), at(0));
    (void)cache.replace(make_entry(room(i * 3 % 700), 500 + i % 9'000));
  }
  (void)keep(cache, make_entry(room(1), 100), at(100));
  BOOST_REQUIRE(cache.stats().evictions > 500U);
  std::size_t held = 0;
  for (std::uint64_t i = 0; i < 700; ++i)
    held += cache.find(room(i), at(100)).entry != nullptr;
  BOOST_TEST(cache.matching(scope::account("w-1"), at(100)).size() == held);
  BOOST_TEST(cache.stats().entries == held);
  BOOST_TEST(cache.purge(scope::account("w-1")).size() == held);
  BOOST_TEST(cache.stats().bytes == memory(one_shard).stats().bytes);
}

BOOST_AUTO_TEST_CASE(matching_leaves_out_what_has_expired_and_is_no_use) {
  memory cache(one_shard);
  BOOST_REQUIRE(kept(cache, make_entry(room(1), 100, at(10)), at(0)));
  BOOST_REQUIRE(kept(cache, make_entry(room(2), 8'000, at(1'000)), at(0)));
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(cache.matching(scope::account("w-1"), at(10)).size() == 1U);
  BOOST_TEST(cache.stats().hits == 0U);
  for (std::uint64_t n = 100; n < 2'000; ++n) // one-off rooms, which only a room that was used survives
    (void)keep(cache, make_entry(room(n), 8'000), at(0));
  BOOST_TEST(cache.find(room(2), at(0)).entry == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
