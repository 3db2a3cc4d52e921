// Gateways that share a Redis: one call for all of them, and memory that follows what Redis holds.
#include "support/fleet.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::ask_for;
using support::changing_rooms;
using support::eventually;
using support::fleet;
using support::metric;
using support::raw_client;
using support::redis_server;
using steady_clock = std::chrono::steady_clock;

const std::string room = "1@chatroom";

int edition_of(const support::raw_answer& a) {
  return a.status == 200 ? changing_rooms::edition_in(a.body) : -1;
}

int ask(support::running_gateway& g, std::string_view which = room) {
  return edition_of(raw_client(g.port()).ask(ask_for(which)));
}

std::string key_of(std::string_view which) {
  return fmt::format("rollcall:{{-:wcId:w:{}}}", which);
}

/// Asks until memory answers and is no suspect: then a request costs Redis nothing.
void settle(support::running_gateway& g, std::string_view which = room) {
  const auto verifications = [&] { return metric(g.admin_port(), "rollcall_redis_verifications_total"); };
  BOOST_TEST_REQUIRE(eventually([&] {
    const auto before = verifications();
    return raw_client(g.port()).ask(ask_for(which)).field("Cache-Status").ends_with("detail=memory") &&
           verifications() == before;
  }));
}

void soon_stale(rollcall::ops::config& c) {
  c.cache.fresh = 1500ms; // longer than the renewal takes: its age counts from the question
  c.cache.jitter = 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fleet_suite)

BOOST_AUTO_TEST_CASE(five_hundred_cold_askers_of_four_gateways_cost_one_call) {
  redis_server redis;
  changing_rooms rooms(300ms);
  fleet gateways(4, rooms.url(), redis.url());
  std::deque<raw_client> askers;
  for (std::size_t i = 0; i < 500; ++i)
    askers.emplace_back(gateways[i % 4].port());
  const auto began = steady_clock::now();
  for (auto& a : askers)
    a.send(ask_for(room));
  for (auto& a : askers)
    BOOST_TEST(edition_of(a.receive()) == 0);
  const auto took = steady_clock::now() - began;
  BOOST_TEST(rooms.calls(room) == 1u);
  BOOST_TEST((took < 300ms + 500ms), "all of them long before a lease expires or a poll comes round");
}

BOOST_AUTO_TEST_CASE(a_stale_list_is_served_at_once_and_renewed_once_by_all) {
  redis_server redis;
  changing_rooms rooms;
  fleet gateways(2, rooms.url(), redis.url(), soon_stale);
  for (auto& g : gateways)
    BOOST_TEST(ask(*g) == 0);
  for (auto& g : gateways)
    settle(*g);
  rooms.change(room);
  rooms.takes(1s);
  std::this_thread::sleep_for(1550ms); // past its freshness
  const auto calls = rooms.calls(room);
  std::deque<raw_client> askers;
  steady_clock::duration slowest{};
  for (int i = 0; i < 20; ++i) {
    auto& bot = askers.emplace_back(gateways[static_cast<std::size_t>(i) % 2].port());
    for (int again = 0; again < 2; ++again) { // on one connection, which the renewal must not hold up
      const auto began = steady_clock::now();
      const auto a = bot.ask(ask_for(room));
      slowest = std::max(slowest, steady_clock::now() - began);
      BOOST_TEST(edition_of(a) == 0);
      BOOST_TEST(a.field("Cache-Status").starts_with("rollcall; hit; ttl=-"), a.field("Cache-Status"));
    }
  }
  BOOST_TEST_MESSAGE("the slowest stale answer took "
                     << std::chrono::duration_cast<std::chrono::microseconds>(slowest).count() << " us");
  BOOST_TEST((slowest < 50ms), "ten times what is promised, for a busy machine");
  for (auto& g : gateways)
    BOOST_TEST(eventually([&] { return ask(*g) == 1; }));
  BOOST_TEST(rooms.calls(room) == calls + 1, "one renewal");
}

BOOST_AUTO_TEST_CASE(a_failing_upstream_is_told_to_all_and_sticks_to_nobody) {
  redis_server redis;
  changing_rooms rooms(100ms);
  rooms.answers(support::http_answer("no", "500 Internal Server Error"));
  fleet gateways(4, rooms.url(), redis.url());
  std::deque<raw_client> askers;
  for (std::size_t i = 0; i < 200; ++i)
    askers.emplace_back(gateways[i % 4].port()).send(ask_for(room));
  for (auto& a : askers)
    BOOST_TEST(a.receive().status == 502u);
  BOOST_TEST(rooms.peer().requests() <= 8u);
  rooms.answers("");
  for (auto& g : gateways)
    BOOST_TEST(ask(*g) == 0);
  BOOST_TEST(rooms.calls(room) == 1u);
}

BOOST_AUTO_TEST_CASE(nobody_can_make_a_failing_upstream_be_asked_all_the_time) {
  changing_rooms rooms;
  fleet gateways(1, rooms.url(), "", [](rollcall::ops::config& c) {
    c.cache.fresh = 100ms;
    c.cache.jitter = 0;
  });
  BOOST_TEST(ask(gateways[0]) == 0);
  std::this_thread::sleep_for(150ms); // past its freshness
  rooms.answers(support::http_answer("no", "500 Internal Server Error"));
  const auto before = rooms.peer().requests();
  for (int i = 0; i < 60; ++i) {
    const auto* const fields = i % 3 == 0   ? "Cache-Control: no-cache\r\n"
                               : i % 3 == 1 ? "Cache-Control: max-age=5\r\n"
                                            : "";
    BOOST_TEST(edition_of(raw_client(gateways[0].port()).ask(ask_for(room, fields))) == 0);
    BOOST_TEST(support::purge_at(gateways[0].admin_port(), "other@chatroom").status == 200u);
  }
  BOOST_TEST(rooms.peer().requests() - before <= 4u);
}

BOOST_AUTO_TEST_CASE(names_that_the_platform_does_not_have_are_passed_through) {
  changing_rooms rooms;
  fleet gateways(1, rooms.url(), "");
  const auto a = raw_client(gateways[0].port()).ask(ask_for(std::string(257, 'r')));
  BOOST_TEST(edition_of(a) == 0);
  BOOST_TEST(a.field("Cache-Status").starts_with("rollcall; fwd=bypass"));
  BOOST_TEST(edition_of(raw_client(gateways[0].port()).ask(ask_for(std::string(256, 'r')))) == 0);
  BOOST_TEST(ask(gateways[0], std::string(256, 'r')) == 0);
  BOOST_TEST(rooms.calls(std::string(256, 'r')) == 1u);
}

BOOST_AUTO_TEST_CASE(memory_follows_what_an_operator_does_to_redis) {
  redis_server redis;
  changing_rooms rooms;
  fleet gateways(2, rooms.url(), redis.url());
  const auto all_have = [&](int edition) {
    return std::ranges::all_of(gateways, [&](auto& g) { return eventually([&] { return ask(*g) == edition; }); });
  };
  BOOST_TEST(all_have(0));
  for (auto& g : gateways)
    settle(*g);

  rooms.change(room);
  BOOST_TEST(redis.command({"DEL", key_of(room)}) == "1");
  BOOST_TEST(all_have(1), "DEL of one key");
  for (auto& g : gateways)
    settle(*g);

  rooms.change(room);
  redis.command({"FLUSHALL"});
  BOOST_TEST(all_have(2), "FLUSHALL");
  BOOST_TEST(rooms.calls(room) == 3u);
}

BOOST_AUTO_TEST_CASE(a_gap_in_tracking_makes_memory_ask_again) {
  redis_server redis;
  changing_rooms rooms;
  fleet gateways(2, rooms.url(), redis.url());
  for (auto& g : gateways) {
    BOOST_TEST(ask(*g) == 0);
    settle(*g);
  }
  const auto connects = [&](auto& g) { return metric(g.admin_port(), "rollcall_tracking_connects_total"); };
  redis.command({"CLIENT", "KILL", "TYPE", "pubsub"});
  redis.command({"DEL", key_of(room)}); // which nobody may be told of
  rooms.change(room);
  for (auto& g : gateways)
    BOOST_TEST(eventually([&] { return ask(*g) == 1; }));
  for (auto& g : gateways)
    BOOST_TEST(eventually([&] { return connects(*g) == 2; }));
  for (auto& g : gateways)
    settle(*g);
  BOOST_TEST(rooms.calls(room) == 2u);

  rooms.change(room);
  redis.restart(); // and it has forgotten everything
  for (auto& g : gateways)
    BOOST_TEST(eventually([&] { return ask(*g) == 2; }));
}

BOOST_AUTO_TEST_CASE(a_client_may_ask_for_something_newer_but_not_faster_than_once_a_second) {
  redis_server redis;
  changing_rooms rooms;
  fleet gateways(2, rooms.url(), redis.url());
  BOOST_TEST(ask(gateways[0]) == 0);
  settle(gateways[1]);
  rooms.change(room);
  const auto insist = [&](std::size_t i) {
    return raw_client(gateways[i].port()).ask(ask_for(room, "Cache-Control: no-cache\r\n"));
  };
  BOOST_TEST(eventually([&] { return edition_of(insist(0)) == 1; }), "once a second has passed");
  BOOST_TEST(rooms.calls(room) == 2u);
  BOOST_TEST(eventually([&] { return ask(gateways[1]) == 1; }), "the fleet has it too");
  for (int i = 0; i < 50; ++i)
    BOOST_TEST(edition_of(insist(static_cast<std::size_t>(i) % 2)) == 1);
  BOOST_TEST(rooms.calls(room) <= 3u);

  const auto only = [&](std::string_view which) {
    return raw_client(gateways[0].port()).ask(ask_for(which, "Cache-Control: only-if-cached\r\n"));
  };
  BOOST_TEST(edition_of(only(room)) == 1);
  const auto none = only("unknown@chatroom");
  BOOST_TEST(none.status == 504u);
  BOOST_TEST(none.field("Cache-Status") == "rollcall; detail=only-if-cached");
  BOOST_TEST(rooms.calls("unknown@chatroom") == 0u);

  const auto unkept = raw_client(gateways[0].port()).ask(ask_for("2@chatroom", "Cache-Control: no-store\r\n"));
  BOOST_TEST(edition_of(unkept) == 0);
  BOOST_TEST(unkept.field("Cache-Status") == "rollcall; fwd=miss; fwd-status=200");
  BOOST_TEST(redis.command({"EXISTS", key_of("2@chatroom")}) == "0");
  BOOST_TEST(ask(gateways[0], "2@chatroom") == 0);
  BOOST_TEST(rooms.calls("2@chatroom") == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
