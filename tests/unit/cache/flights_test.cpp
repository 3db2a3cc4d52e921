#include "rollcall/cache/flights.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using rollcall::cache::flight_limits;
using rollcall::cache::identity;
using rollcall::cache::milliseconds;
using rollcall::cache::time_point;
using rollcall::cache::wish;
using table = rollcall::cache::flights<int>;
using role = table::role;

const identity room("-", "wcId", "w", "1@chatroom");
const identity other("-", "wcId", "w", "2@chatroom");

table::result some(int n) {
  return std::make_shared<const int>(n);
}

/// What a wake was told, and how often.
struct listener {
  std::shared_ptr<std::vector<table::result>> told = std::make_shared<std::vector<table::result>>();
  table::wake wake() const {
    return [t = told](table::result r) { t->push_back(std::move(r)); };
  }
  bool got(int n) const { return told->size() == 1 && told->front() && *told->front() == n; }
  bool got_nothing() const { return told->size() == 1 && !told->front(); }
};

/// Results are what was fetched so many milliseconds after the epoch.
bool fulfils(const int& r, const wish& wanted) {
  return time_point(milliseconds(r)) >= wanted.since;
}
wish since(int ms) {
  return {.since = time_point(milliseconds(ms))};
}

} // namespace

BOOST_AUTO_TEST_SUITE(flights)

BOOST_AUTO_TEST_CASE(the_first_leads_the_rest_follow_and_all_get_the_one_result) {
  table t;
  const listener a;
  const listener b;
  auto first = t.join(room, a.wake());
  const auto second = t.join(room, b.wake());
  BOOST_TEST((first.as == role::leads));
  BOOST_TEST((second.as == role::follows));
  BOOST_TEST(t.waiting() == 2u);
  first.lead.land(some(7));
  BOOST_TEST(a.got(7));
  BOOST_TEST(b.got(7));
  BOOST_TEST(a.told->front() == b.told->front(), "the result is shared, not copied");
  BOOST_TEST(t.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(identities_do_not_share_a_flight) {
  table t;
  const listener a;
  const listener b;
  auto one = t.join(room, a.wake());
  auto two = t.join(other, b.wake());
  BOOST_TEST((two.as == role::leads));
  one.lead.land(some(1));
  BOOST_TEST(b.told->empty());
  two.lead.land(some(2));
  BOOST_TEST(a.got(1));
  BOOST_TEST(b.got(2));
}

BOOST_AUTO_TEST_CASE(who_asks_after_the_landing_starts_a_new_flight) {
  table t;
  const listener a;
  const listener b;
  t.join(room, a.wake()).lead.land(some(1));
  const auto next = t.join(room, b.wake());
  BOOST_TEST((next.as == role::leads));
  BOOST_TEST(b.told->empty());
}

BOOST_AUTO_TEST_CASE(a_dropped_permit_wakes_everybody_empty_handed) {
  table t;
  const listener a;
  const listener b;
  {
    const auto abandoned = t.join(room, a.wake());
    t.join(room, b.wake());
  }
  BOOST_TEST(a.got_nothing());
  BOOST_TEST(b.got_nothing());
  BOOST_TEST((t.join(room, a.wake()).as == role::leads));
}

BOOST_AUTO_TEST_CASE(who_leaves_is_not_woken_and_the_flight_goes_on) {
  table t;
  const listener leader;
  const listener stays;
  auto first = t.join(room, leader.wake());
  t.join(room, stays.wake());
  BOOST_TEST(t.leave(first.seat), "even the leader may stop waiting");
  BOOST_TEST(!t.leave(first.seat));
  first.lead.land(some(3));
  BOOST_TEST(leader.told->empty());
  BOOST_TEST(stays.got(3));
}

BOOST_AUTO_TEST_CASE(a_ticket_of_an_earlier_flight_takes_nobody_out_of_a_later_one) {
  table t;
  const listener a;
  const listener b;
  auto first = t.join(room, a.wake());
  const auto old = first.seat;
  first.lead.land(some(1));
  auto second = t.join(room, b.wake());
  BOOST_TEST(!t.leave(old));
  second.lead.land(some(2));
  BOOST_TEST(b.got(2));
}

BOOST_AUTO_TEST_CASE(followers_are_bounded_for_one_flight_and_for_all) {
  table t(flight_limits{.followers_of_one = 2, .followers_of_all = 3});
  const listener a;
  auto first = t.join(room, a.wake());
  const auto second = t.join(room, a.wake());
  BOOST_TEST((t.join(room, a.wake()).as == role::refused));
  auto elsewhere = t.join(other, a.wake());
  BOOST_TEST((elsewhere.as == role::leads));
  const identity third("-", "wcId", "w", "3@chatroom");
  BOOST_TEST((t.join(third, a.wake()).as == role::refused));
  elsewhere.lead.land(some(1));
  BOOST_TEST((t.join(third, a.wake()).as == role::leads), "a refusal leaves nothing behind");
}

BOOST_AUTO_TEST_CASE(a_wake_may_join_again_from_within) {
  table t;
  const listener inner;
  std::optional<role> rejoined;
  auto first = t.join(room, [&](const table::result&) {
    auto next = t.join(room, inner.wake());
    rejoined = next.as;
    next.lead.land(some(2));
  });
  first.lead.land(nullptr);
  BOOST_TEST((rejoined == role::leads));
  BOOST_TEST(inner.got(2));
}

BOOST_AUTO_TEST_CASE(who_asks_after_a_flight_was_severed_starts_another_and_the_old_one_lands_with_its_own) {
  table t;
  const listener early;
  const listener late;
  auto old = t.join(room, early.wake());
  t.sever(room);
  auto young = t.join(room, late.wake());
  BOOST_TEST((young.as == role::leads));
  old.lead.land(some(1));
  BOOST_TEST(early.got(1));
  BOOST_TEST(late.told->empty());
  const listener third;
  BOOST_TEST((t.join(room, third.wake()).as == role::follows), "the old one's landing leaves the young one joinable");
  young.lead.land(some(2));
  BOOST_TEST(late.got(2));
  BOOST_TEST(third.got(2));
  BOOST_TEST(t.waiting() == 0u);
  BOOST_TEST(t.in_the_air() == 0u);
}

BOOST_AUTO_TEST_CASE(a_severed_flight_can_be_left_and_its_dropped_permit_still_wakes) {
  table t;
  const listener a;
  const listener b;
  {
    auto first = t.join(room, a.wake());
    const auto second = t.join(room, b.wake());
    t.sever_all();
    BOOST_TEST(t.leave(second.seat));
    BOOST_TEST(t.waiting() == 1u);
  }
  BOOST_TEST(a.got_nothing());
  BOOST_TEST(b.told->empty());
}

BOOST_AUTO_TEST_CASE(a_scope_severs_what_it_covers) {
  table t;
  const listener none;
  const identity elsewhere("-", "chatRoomId", "v", "1@chatroom");
  auto a = t.join(room, none.wake());
  auto b = t.join(other, none.wake());
  auto c = t.join(elsewhere, none.wake());
  t.sever(rollcall::cache::scope::room("1@chatroom"));
  BOOST_TEST(t.in_the_air() == 1u);
  BOOST_TEST((t.join(other, none.wake()).as == role::follows));
  t.sever(rollcall::cache::scope::account("w"));
  BOOST_TEST(t.in_the_air() == 0u);
}

BOOST_AUTO_TEST_CASE(a_flight_may_go_on_with_nobody_on_board_unless_it_was_severed) {
  table t;
  const listener a;
  auto first = t.join(room, a.wake());
  const auto left = first.lead.land_for(some(1), fulfils, true);
  BOOST_TEST(a.got(1));
  BOOST_TEST_REQUIRE(left.has_value());
  BOOST_TEST(left->goes == 0u);
  BOOST_TEST(left->wish.storable);
  BOOST_TEST(!left->severed);
  const listener b;
  BOOST_TEST((t.join(room, b.wake()).as == role::follows), "nobody else could lead in between");
  t.sever(room);
  BOOST_TEST(!first.lead.land_for(some(2), fulfils, true));
  BOOST_TEST(b.got(2));
  const listener c;
  BOOST_TEST((t.join(room, c.wake()).as == role::leads));
  BOOST_TEST(c.got_nothing(), "its permit was dropped");
  BOOST_TEST(t.in_the_air() == 0u);
}

BOOST_AUTO_TEST_CASE(a_flight_goes_on_for_those_who_want_something_newer) {
  table t;
  const listener any;
  const listener newer;
  const listener newest;
  auto first = t.join(room, any.wake());
  t.join(room, newer.wake(), since(5));
  t.join(room, newest.wake(), {.since = since(8).since, .storable = false});
  const auto left = first.lead.land_for(some(3), fulfils, false);
  BOOST_TEST_REQUIRE(left.has_value());
  BOOST_TEST((left->wish.since == since(8).since), "what fulfils every wish");
  BOOST_TEST(left->wish.storable, "one of them does not mind");
  BOOST_TEST(left->goes == 1u);
  BOOST_TEST(any.got(3));
  BOOST_TEST(newer.told->empty());
  BOOST_TEST(t.waiting() == 2u);
  const auto again = first.lead.land_for(some(6), fulfils, false);
  BOOST_TEST(newer.got(6));
  BOOST_TEST_REQUIRE(again.has_value());
  BOOST_TEST(!again->wish.storable);
  BOOST_TEST(again->goes == 2u);
  BOOST_TEST(!first.lead.land_for(some(9), fulfils, false));
  BOOST_TEST(newest.got(9));
  BOOST_TEST(t.waiting() == 0u);
  BOOST_TEST(t.in_the_air() == 0u);
}

BOOST_AUTO_TEST_CASE(a_go_without_a_result_is_followed_by_another_while_somebody_waits) {
  table t;
  auto lead = t.lead(room);
  BOOST_TEST_REQUIRE(lead.has_value());
  const listener a;
  t.join(room, a.wake());
  BOOST_TEST_REQUIRE(lead->land_for(nullptr, fulfils, false).has_value());
  BOOST_TEST(a.told->empty());
  BOOST_TEST(!lead->land_for(some(1), fulfils, false));
  BOOST_TEST(a.got(1));
  auto lonely = t.lead(room);
  BOOST_TEST_REQUIRE(lonely.has_value());
  BOOST_TEST(!lonely->land_for(nullptr, fulfils, false));
  BOOST_TEST(t.in_the_air() == 0u);
}

BOOST_AUTO_TEST_CASE(after_so_many_goes_there_is_no_other_and_each_counts_his_own) {
  table t(flight_limits{.goes = 2});
  const listener early;
  const listener late;
  auto first = t.join(room, early.wake(), since(9));
  BOOST_TEST(first.lead.land_for(some(1), fulfils, false).has_value());
  t.join(room, late.wake(), since(9));
  const auto left = first.lead.land_for(some(2), fulfils, false);
  BOOST_TEST(early.got(2));
  BOOST_TEST_REQUIRE(left.has_value());
  BOOST_TEST(left->goes == 1u);
  BOOST_TEST(!first.lead.land_for(nullptr, fulfils, false));
  BOOST_TEST(late.got_nothing());
}

BOOST_AUTO_TEST_CASE(a_severed_flight_goes_on_for_those_on_board_and_can_then_be_joined_again) {
  table t;
  const listener old;
  const listener young;
  auto first = t.join(room, old.wake(), since(5));
  t.sever(room);
  const auto left = first.lead.land_for(some(1), fulfils, true);
  BOOST_TEST_REQUIRE(left.has_value());
  BOOST_TEST(left->severed);
  BOOST_TEST((t.join(room, young.wake()).as == role::follows), "what it does now it does after the purge");
  t.sever(room);
  auto other_one = t.join(room, listener().wake());
  BOOST_TEST((other_one.as == role::leads));
  BOOST_TEST(first.lead.land_for(nullptr, fulfils, false).has_value());
  BOOST_TEST(t.in_the_air() == 1u, "there is another in its place");
  BOOST_TEST(!first.lead.land_for(some(7), fulfils, false));
  BOOST_TEST(old.got(7));
  BOOST_TEST(young.got(7));
  BOOST_TEST((t.join(room, young.wake()).as == role::follows), "the other one is still there");
  other_one.lead.land(some(8));
  BOOST_TEST(t.in_the_air() == 0u);
}

BOOST_AUTO_TEST_CASE(a_flight_may_start_with_nobody_on_board) {
  table t;
  auto lead = t.lead(room);
  BOOST_TEST_REQUIRE(lead.has_value());
  BOOST_TEST(!t.lead(room), "one is in the air");
  const listener a;
  BOOST_TEST((t.join(room, a.wake()).as == role::follows));
  lead->land(some(3));
  BOOST_TEST(a.got(3));
  BOOST_TEST(t.lead(room).has_value());
}

BOOST_AUTO_TEST_CASE(a_renewal_is_stored_whoever_else_is_on_board) {
  table t;
  auto first = t.join(room, listener().wake());
  const listener late;
  t.join(room, late.wake(), {.since = since(5).since, .storable = false});
  const auto left = first.lead.land_for(some(1), fulfils, true);
  BOOST_TEST_REQUIRE(left.has_value());
  BOOST_TEST(left->wish.storable);
  BOOST_TEST((left->wish.since == since(5).since));
  const auto next = first.lead.land_for(some(2), fulfils, false);
  BOOST_TEST_REQUIRE(next.has_value());
  BOOST_TEST(!next->wish.storable, "now it is for him alone");
}

BOOST_AUTO_TEST_CASE(who_follows_is_told_whether_it_is_a_renewal) {
  table t;
  const listener any;
  auto first = t.join(room, any.wake());
  BOOST_TEST(!first.renewal);
  BOOST_TEST(!t.join(room, any.wake()).renewal);
  first.lead.land_for(some(1), fulfils, true);
  BOOST_TEST(t.join(room, any.wake()).renewal);
  first.lead.land_for(nullptr, fulfils, false);
  BOOST_TEST(!t.join(room, any.wake()).renewal, "it was in vain, and is asked for on behalf of those on board");
  auto lead = t.lead(other);
  BOOST_TEST(t.join(other, any.wake()).renewal);
}

// Whatever is interleaved: every wake is called exactly once or was left, and an identity never has two leaders.
BOOST_AUTO_TEST_CASE(threads_agree_on_who_leads_and_nobody_is_forgotten) {
  table t;
  constexpr int rounds = 4'000;
  constexpr std::size_t rooms = 4;
  std::vector<identity> ids;
  for (std::size_t i = 0; i < rooms; ++i)
    ids.emplace_back("-", "wcId", "w", std::to_string(i));
  std::array<std::atomic<int>, rooms> leaders{};
  std::atomic<int> joined{0};
  std::atomic<int> woken{0};
  std::atomic<int> left{0};
  std::atomic<bool> two_leaders{false};
  const auto play = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < rounds; ++i) {
      const auto r = random() % rooms;
      auto b = t.join(ids[r], [&](const table::result&) { ++woken; });
      ++joined;
      if (b.as == role::leads) {
        if (leaders[r].fetch_add(1) != 0)
          two_leaders = true;
        leaders[r].fetch_sub(1); // before the landing, after which another may lead
        if (random() % 3 != 0)
          b.lead.land(some(i));
      } else if (random() % 4 == 0 && t.leave(b.seat)) {
        ++left;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned n = 0; n < 4; ++n)
      threads.emplace_back(play, n + 1);
  }
  BOOST_TEST(!two_leaders);
  BOOST_TEST(woken + left == joined);
  BOOST_TEST(t.waiting() == 0u);
}

// The same for flights that go on, are severed, and are joined again.
BOOST_AUTO_TEST_CASE(threads_agree_on_flights_that_go_on) {
  table t;
  constexpr int rounds = 4'000;
  std::atomic<int> joined{0};
  std::atomic<int> woken{0};
  std::atomic<int> left{0};
  const auto play = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < rounds; ++i) {
      const identity& id = random() % 2 ? room : other;
      auto b = t.join(id, [&](const table::result&) { ++woken; }, since(static_cast<int>(random() % 4)));
      ++joined;
      if (random() % 8 == 0)
        t.sever(id);
      if (b.as != role::leads) {
        if (random() % 4 == 0 && t.leave(b.seat))
          ++left;
        continue;
      }
      for (int goes = 0; goes < 100; ++goes) {
        const auto result = random() % 4 == 0 ? nullptr : some(static_cast<int>(random() % 4));
        if (!b.lead.land_for(result, fulfils, random() % 4 == 0))
          break;
        if (random() % 16 == 0)
          t.sever(id);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned n = 0; n < 4; ++n)
      threads.emplace_back(play, n + 1);
  }
  BOOST_TEST(woken + left == joined);
  BOOST_TEST(t.waiting() == 0u);
  BOOST_TEST(t.in_the_air() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
