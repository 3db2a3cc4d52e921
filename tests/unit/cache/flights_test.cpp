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

BOOST_AUTO_TEST_CASE(a_dropped_permit_wakes_everybody_empty_handed_and_exactly_one_takes_over) {
  table t;
  const listener a;
  const listener b;
  {
    const auto abandoned = t.join(room, a.wake());
    t.join(room, b.wake());
  }
  BOOST_TEST(a.got_nothing());
  BOOST_TEST(b.got_nothing());
  const listener again;
  const auto one = t.join(room, again.wake());
  const auto two = t.join(room, again.wake());
  BOOST_TEST((one.as == role::leads));
  BOOST_TEST((two.as == role::follows));
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

BOOST_AUTO_TEST_CASE(a_flight_may_be_followed_by_the_next_unless_it_was_severed) {
  table t;
  const listener a;
  auto first = t.join(room, a.wake());
  auto next = first.lead.land_and_lead(some(1));
  BOOST_TEST(a.got(1));
  BOOST_TEST_REQUIRE(next.has_value());
  const listener b;
  auto seat = t.join(room, b.wake());
  BOOST_TEST((seat.as == role::follows), "nobody else could lead in between");
  t.sever(room);
  BOOST_TEST(!next->land_and_lead(some(2)));
  BOOST_TEST(b.got(2));
  const listener c;
  BOOST_TEST((t.join(room, c.wake()).as == role::leads));
  BOOST_TEST(c.got_nothing(), "its permit was dropped");
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

BOOST_AUTO_TEST_SUITE_END()
