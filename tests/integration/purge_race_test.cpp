// A purge while the upstream is being asked, at random moments: whoever asks after it was acknowledged never gets what
// was asked for before.
#include "support/fleet.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::ask_for;
using support::changing_rooms;
using support::eventually;
using support::fleet;
using support::purge_at;
using support::raw_client;

constexpr int rounds = 1000;
constexpr int threads = 4;

struct tally {
  std::atomic<int> old_here{0};      ///< answers from before the purge, of the gateway that carried it out
  std::atomic<int> old_elsewhere{0}; ///< of another, after it had answered with a new one
  std::atomic<int> never_new{0};
  std::atomic<int> refused{0};
};

int ask(raw_client& c, std::string_view room) {
  const auto a = c.ask(ask_for(room));
  return a.status == 200 ? changing_rooms::edition_in(a.body) : -1;
}

/// Rounds on rooms of its own: somebody asks, the room changes, is purged by one gateway, and is asked for of all.
void play(fleet& gateways, changing_rooms& rooms, int thread, tally& t) {
  std::mt19937 random(static_cast<unsigned>(thread + 1));
  std::vector<std::unique_ptr<raw_client>> early;
  std::vector<std::unique_ptr<raw_client>> late;
  for (auto& g : gateways) {
    early.push_back(std::make_unique<raw_client>(g->port()));
    late.push_back(std::make_unique<raw_client>(g->port()));
  }
  for (int n = thread; n < rounds; n += threads) {
    const auto room = fmt::format("{}@chatroom", n);
    const auto asker = random() % gateways.size();
    const auto purger = random() % gateways.size();
    early[asker]->send(ask_for(room));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 6000));
    rooms.change(room);
    if (purge_at(gateways[purger].admin_port(), room).status != 200)
      ++t.refused;
    if (ask(*late[purger], room) != 1)
      ++t.old_here;
    (void)early[asker]->receive(); // asked before the purge: either will do
    for (std::size_t g = 0; g < gateways.size(); ++g) {
      if (!eventually([&] { return ask(*late[g], room) == 1; }, 2s))
        ++t.never_new;
      for (int i = 0; i < 3; ++i)
        if (ask(*late[g], room) != 1)
          ++(g == purger ? t.old_here : t.old_elsewhere);
    }
  }
}

void check(const std::string& redis, std::size_t size) {
  changing_rooms rooms(3ms);
  fleet gateways(size, rooms.url(), redis);
  tally t;
  std::vector<std::thread> players;
  for (int i = 0; i < threads; ++i)
    players.emplace_back([&, i] { play(gateways, rooms, i, t); });
  for (auto& p : players)
    p.join();
  BOOST_TEST(t.refused == 0);
  BOOST_TEST(t.old_here == 0);
  BOOST_TEST(t.old_elsewhere == 0);
  BOOST_TEST(t.never_new == 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(purge_race)

BOOST_AUTO_TEST_CASE(without_redis) {
  check("", 1);
}

BOOST_AUTO_TEST_CASE(on_one_gateway_or_another_of_a_fleet) {
  support::redis_server redis;
  check(redis.url(), 2);
}

BOOST_AUTO_TEST_CASE(with_redis_alone_and_no_memory) {
  support::redis_server redis;
  changing_rooms rooms(3ms);
  fleet gateways(2, rooms.url(), redis.url(), [](rollcall::ops::config& c) { c.cache.memory = 0; });
  tally t;
  play(gateways, rooms, 0, t);
  BOOST_TEST(t.old_here + t.old_elsewhere + t.never_new + t.refused == 0);
}

BOOST_AUTO_TEST_SUITE_END()
