#include "rollcall/redis/cluster_roll.hpp"
#include "rollcall/redis/store.hpp"
#include "rollcall/redis/tracking.hpp"

#include "support/cluster_link.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_stores.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cache = rollcall::cache;
namespace redis = rollcall::redis;
namespace net = rollcall::net;
using redis::command_error;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::in;
using support::is;
using support::redis_cluster;
using support::until;

namespace {

/// Writes down what it is told.
class witness final : public redis::observer {
public:
  std::vector<std::string> told;

  void tracking_up() override { told.emplace_back("up"); }
  void tracking_down() override { told.emplace_back("down"); }
  void value_changed(const cache::identity& id) override { told.push_back(fmt::format("value {}", id.text())); }
  void lease_changed(const cache::identity& id) override { told.push_back(fmt::format("lease {}", id.text())); }
  void purged(const cache::scope& s) override { told.push_back("purged " + s.text()); }
  void everything_changed() override { told.emplace_back("everything"); }

  [[nodiscard]] auto times(std::string_view what) const { return std::ranges::count(told, what); }
  [[nodiscard]] bool up() const {
    const auto last = std::find_if(told.rbegin(), told.rend(), [](const auto& w) { return w == "up" || w == "down"; });
    return last != told.rend() && *last == "up";
  }
};

/// What one gateway has of a cluster; proves at the end that ups and downs took turns and that nothing is left running.
struct gateway : support::cluster_link {
  witness ear;
  std::shared_ptr<redis::cluster_roll> roll = std::make_shared<redis::cluster_roll>();
  int prepared = 0; ///< times that a new master was told of before it might be used
  std::unique_ptr<redis::tracking> tracking;
  std::unique_ptr<redis::store> store;
  cache::time_point now = cache::wall_now();

  explicit gateway(const redis_cluster& c, redis::connection_options o = redis_link_options(),
                   const redis::endpoint& login = {}) {
    auto to = c.deployment();
    to.server = login;
    to.roll = roll;
    roll->before_change([this] { ++prepared; });
    connect(to, o);
    store = std::make_unique<redis::store>(*link, "ns");
    redis::tracking_options t;
    t.backoff_first = milliseconds(2);
    t.backoff_most = milliseconds(20);
    tracking = std::make_unique<redis::tracking>(context.get_executor(), to, "ns", ear, t);
    tracking->start();
  }
  ~gateway() {
    const auto before = ear.told;
    tracking->stop();
    BOOST_TEST(ear.told == before, boost::test_tools::per_element());
    BOOST_TEST(tracking->stats().up.get() == 0U);
    bool is_up = false;
    for (const auto& what : ear.told) {
      if (what == "up" || what == "down") {
        BOOST_TEST(is_up == (what == "down"));
        is_up = what == "up";
      }
    }
  }

  static redis::connection_options redis_link_options() { return support::redis_link::quick(); }

  void wait(std::function<bool()> what, milliseconds limit = seconds(10)) {
    run([&]() -> net::task<void> { co_await until(what, limit); }, limit + seconds(5));
  }
  void ready(std::uint64_t masters) {
    up(masters);
    wait([this] { return ear.up(); });
  }
  template <class T>
  T run_task(net::task<T> work) {
    return run([&]() -> net::task<T> { return std::move(work); });
  }

  static cache::identity room(int n) { return {"-", "wcId", "w1", fmt::format("{}@chatroom", n)}; }
  cache::entry_ptr entry(const cache::identity& id) const {
    return support::redis_stores::make(R"({"code":"1000"})", now, id);
  }
  redis::claim claim(const cache::identity& id, milliseconds limit = seconds(5)) {
    return run_task(store->get_or_claim(id, {.now = now, .fresh = seconds(60)}, in(limit)));
  }
  /// As a gateway does who has asked the upstream.
  bool fill(const cache::identity& id) {
    auto c = claim(id);
    if (!c.lease || !run_task(store->enlist(id, now, now + seconds(3600), in(seconds(5))))) {
      return false;
    }
    return run_task(store->put(*c.lease, entry(id), now, in(seconds(5)))) == redis::lease_outcome::done;
  }
  auto purge(cache::scope s) { return run_task(store->purge(std::move(s), {}, now, milliseconds(1000))); }
};

std::string key_of(const cache::identity& id) {
  return fmt::format("ns:{{{}}}", id.text());
}

/// A room whose answer is in a slot of that node.
cache::identity room_at(redis_cluster& c, std::size_t node) {
  for (int n = 0;; ++n) {
    auto id = gateway::room(n);
    if (c.owner_of(key_of(id)) == node) {
      return id;
    }
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_cluster_stores)

BOOST_AUTO_TEST_CASE(answers_and_purges_of_all_slots_are_shared_and_told) {
  redis_cluster cluster(3, false);
  gateway one(cluster);
  gateway two(cluster);
  one.ready(3);
  two.ready(3);

  constexpr int rooms = 60;
  for (int n = 0; n < rooms; ++n) {
    BOOST_TEST(one.fill(gateway::room(n)));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(cluster.node(i).command({"KEYS", "ns:{*}"}) != "");
  }
  for (int n = 0; n < rooms; ++n) {
    BOOST_TEST((two.claim(gateway::room(n)).outcome == redis::claim_outcome::good));
    two.wait([&] { return two.ear.times("value " + std::string(gateway::room(n).text())) > 0; });
  }

  two.ear.told.clear();
  two.ear.told.emplace_back("up");
  const auto purged = one.purge(cache::scope::of("w1", ""));
  BOOST_TEST_REQUIRE(purged.has_value());
  BOOST_TEST(purged->size() == static_cast<std::size_t>(rooms));
  two.wait([&] { return two.ear.times("purged w:w1") == 1; });
  for (int n = 0; n < rooms; ++n) {
    two.wait([&] { return two.ear.times("value " + std::string(gateway::room(n).text())) > 0; });
    BOOST_TEST((two.claim(gateway::room(n)).outcome == redis::claim_outcome::leased));
  }
}

BOOST_AUTO_TEST_CASE(a_slot_that_moves_keeps_its_answers_and_purges_still_win) {
  redis_cluster cluster(3, false);
  gateway g(cluster);
  gateway other(cluster);
  g.ready(3);
  other.ready(3);
  const auto id = gateway::room(1);
  const auto key = key_of(id);
  const auto slot = cluster.slot_of(key);
  const auto from = cluster.owner(slot);
  const auto to = (from + 1) % 3;
  BOOST_TEST(g.fill(id));
  other.wait([&] { return other.ear.times("value " + std::string(id.text())) > 0; });
  other.ear.told.assign({"up"});

  // The value is here, and the lease would be there: no script can have both, and single commands have to do.
  cluster.begin_move(slot, from, to);
  const auto seen = other.claim(id, milliseconds(50));
  BOOST_TEST((seen.outcome == redis::claim_outcome::unavailable));
  BOOST_TEST((seen.entry != nullptr));
  const auto purged = g.purge(cache::scope::of("w1", "1@chatroom"));
  BOOST_TEST_REQUIRE(purged.has_value());
  BOOST_TEST(purged->size() == 1U);
  other.wait([&] { return other.ear.times("purged p:w1:1@chatroom") == 1; });
  other.wait([&] { return other.ear.times("value " + std::string(id.text())) > 0; });
  BOOST_TEST((other.run_task(other.store->get(id, other.now, in(seconds(5)))).outcome == redis::lookup::miss));
  BOOST_TEST(cluster.node(from).command({"EXISTS", key + ":lease"}).starts_with("ASK"));
  BOOST_TEST((g.run_task(g.link->run_for(key, {"GET", key + ":lease"}, in(seconds(5))))->is(redis::reply::kind::nil)));

  cluster.finish_move(slot, from, to);
  BOOST_TEST((other.claim(id).outcome == redis::claim_outcome::leased));
}

/// The lease was claimed before the slot began to move, and the answer comes when it is on its way: a purge in between
/// wins.
BOOST_AUTO_TEST_CASE(a_purge_in_a_moving_slot_takes_the_lease_away) {
  redis_cluster cluster(3, false);
  gateway g(cluster);
  g.ready(3);
  const auto id = gateway::room(1);
  const auto key = key_of(id);
  const auto slot = cluster.slot_of(key);
  const auto from = cluster.owner(slot);
  const auto to = (from + 1) % 3;
  const auto claimed = g.claim(id);
  BOOST_TEST_REQUIRE(claimed.lease.has_value());
  BOOST_TEST(g.run_task(g.store->enlist(id, g.now, g.now + seconds(3600), in(seconds(5)))));

  cluster.begin_move(slot, from, to);
  BOOST_TEST(g.purge(cache::scope::of("w1", "")).has_value());
  cluster.finish_move(slot, from, to);
  BOOST_TEST(
      (g.run_task(g.store->put(*claimed.lease, g.entry(id), g.now, in(seconds(5)))) == redis::lease_outcome::lost));
  BOOST_TEST((g.claim(id).outcome == redis::claim_outcome::leased));
}

BOOST_AUTO_TEST_CASE(a_user_needs_no_more_rights_than_documented) {
  redis_cluster cluster(2, false);
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST(cluster.node(i).command({"ACL",
                                        "SETUSER",
                                        "bot",
                                        "on",
                                        ">pw",
                                        "~ns:*",
                                        "+get",
                                        "+getrange",
                                        "+set",
                                        "+del",
                                        "+pttl",
                                        "+pexpire",
                                        "+zadd",
                                        "+zscore",
                                        "+zscan",
                                        "+zremrangebyscore",
                                        "+eval",
                                        "+evalsha",
                                        "+client|id",
                                        "+client|tracking",
                                        "+subscribe",
                                        "&__redis__:invalidate",
                                        "+cluster|slots",
                                        "+cluster|info",
                                        "+asking"}) == "OK");
  }
  redis::endpoint login;
  login.user = "bot";
  login.password = "pw";
  gateway g(cluster, gateway::redis_link_options(), login);
  g.ready(2);
  const auto id = room_at(cluster, 0);
  BOOST_TEST(g.fill(id));
  BOOST_TEST((g.claim(id).outcome == redis::claim_outcome::good));
  BOOST_TEST(g.purge(cache::scope::of("w1", "")).value().size() == 1U);
  const auto slot = cluster.slot_of(key_of(id));
  BOOST_TEST(cluster.node(0).command({"DEL", key_of(id)}) == "1");
  cluster.begin_move(slot, 0, 1);
  BOOST_TEST(
      (g.run_task(g.store->get(id, g.now, in(seconds(5)))).outcome == redis::lookup::miss)); // asked at the other
  BOOST_TEST(g.purge(cache::scope::of("w1", "")).has_value());
  cluster.finish_move(slot, 0, 1);
}

BOOST_AUTO_TEST_CASE(a_slot_that_moves_to_a_new_master_is_tracked_there) {
  redis_cluster cluster(2, false);
  gateway g(cluster);
  g.ready(2);
  const auto id = room_at(cluster, 0);
  const auto slot = cluster.slot_of(key_of(id));
  BOOST_TEST(g.fill(id));
  const auto fresh = cluster.join();
  g.pass(milliseconds(1500));
  BOOST_TEST(g.ear.times("down") == 0); // a node without slots matters to nobody
  cluster.move_slot(slot, 0, fresh);
  g.wait([&] { return g.ear.times("down") == 1 && g.ear.times("up") == 2; });
  BOOST_TEST(g.tracking->servers().size() == 3U);
  g.ear.told.assign({"up"});
  BOOST_TEST(cluster.node(fresh).command({"DEL", key_of(id)}) == "1");
  g.wait([&] { return g.ear.times("value " + std::string(id.text())) == 1; });
  g.up(3);

  cluster.move_slot(slot, fresh, 0);
  g.wait([&] { return g.tracking->servers().size() == 2U; });
  BOOST_TEST(g.ear.up());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(redis_cluster_faults)

/// One story, because a cluster takes seconds to make: a master dies, is replaced, and comes back.
BOOST_AUTO_TEST_CASE(a_master_that_dies_costs_others_nothing_and_is_replaced) {
  redis_cluster cluster;
  gateway g(cluster);
  g.ready(3);
  const auto lost = room_at(cluster, 0);
  const auto kept = room_at(cluster, 1);
  BOOST_TEST(g.fill(lost));
  BOOST_TEST(g.fill(kept));

  cluster.kill(0);
  g.wait([&] { return g.link->stats().up.get() == 2; });
  g.wait([&] { return g.ear.times("down") == 1; });
  const auto died = net::steady_clock::now();
  auto began = net::steady_clock::now();
  BOOST_TEST((g.claim(lost).outcome == redis::claim_outcome::unavailable));
  BOOST_TEST((net::steady_clock::now() - began < milliseconds(100))); // at once, whatever the deadline
  BOOST_TEST((g.claim(kept).outcome == redis::claim_outcome::good));
  BOOST_TEST(g.link->connected());
  // Not all of it can be carried out, and so it counts as none.
  BOOST_TEST(!g.run_task(g.store->purge(cache::scope::of("w1", ""), {lost}, g.now, milliseconds(250))).has_value());

  // Whoever asks meanwhile never waits for longer than allowed.
  milliseconds worst{0};
  for (bool back = false; !back && net::steady_clock::now() - died < seconds(15);) {
    began = net::steady_clock::now();
    back = g.claim(lost, milliseconds(50)).outcome != redis::claim_outcome::unavailable;
    worst = std::max(worst, std::chrono::duration_cast<milliseconds>(net::steady_clock::now() - began));
    g.pass(milliseconds(20));
  }
  BOOST_TEST_MESSAGE("back after " << std::chrono::duration_cast<milliseconds>(net::steady_clock::now() - died).count()
                                   << " ms, worst claim " << worst.count() << " ms");
  BOOST_TEST((worst < milliseconds(150)));
  BOOST_TEST(g.prepared == 1);
  BOOST_TEST((g.claim(lost).outcome != redis::claim_outcome::unavailable));
  g.wait([&] { return g.ear.up(); });
  g.ready(3);
  BOOST_TEST(g.log.count("all 3 masters tell what changes") == 2U);

  // The scripts that the new master has never seen.
  BOOST_TEST(g.purge(cache::scope::of("w1", "")).has_value());
  BOOST_TEST((g.claim(lost).outcome == redis::claim_outcome::leased));

  const auto downs = g.ear.times("down");
  cluster.revive(0);
  g.pass(milliseconds(2500));
  BOOST_TEST(g.ear.times("down") == downs); // a replica is nobody's business
  BOOST_TEST((g.claim(kept).outcome == redis::claim_outcome::leased));
}

BOOST_AUTO_TEST_CASE(a_planned_failover_is_followed) {
  redis_cluster cluster;
  gateway g(cluster);
  g.ready(3);
  const auto id = room_at(cluster, 0);
  BOOST_TEST(g.fill(id));
  cluster.promote(3);
  // Asked at the old master, which sends us on, but not before tracking knows of the new one.
  BOOST_TEST(g.prepared == 0);
  for (int i = 0; g.claim(id).outcome != redis::claim_outcome::good && i < 50; ++i) {
    BOOST_TEST(g.prepared == 0);
    g.pass(milliseconds(20));
  }
  BOOST_TEST(g.prepared == 1);
  BOOST_TEST(g.purge(cache::scope::of("w1", "")).has_value());
  g.wait([&] { return g.ear.times("down") == 1 && g.ear.up(); });
  const auto names = g.tracking->servers();
  const auto has = [&](std::size_t node) {
    return std::ranges::any_of(names, [&](const auto& s) {
      return s.up && s.name == fmt::format("redis://127.0.0.1:{}", cluster.address(node).port);
    });
  };
  BOOST_TEST(has(3));
  BOOST_TEST(!has(0));
}

BOOST_AUTO_TEST_CASE(a_master_that_freezes_is_given_up) {
  redis_cluster cluster;
  auto quick = support::redis_link::quick();
  quick.overdue = milliseconds(300);
  gateway g(cluster, quick);
  g.ready(3);
  const auto lost = room_at(cluster, 0);
  const auto kept = room_at(cluster, 1);
  BOOST_TEST(g.fill(lost));
  BOOST_TEST(g.fill(kept));
  cluster.node(0).freeze();
  const auto frozen = net::steady_clock::now();
  std::size_t paid = 0;
  bool back = false;
  while (!back && net::steady_clock::now() - frozen < seconds(15)) {
    const auto began = net::steady_clock::now();
    back = g.claim(lost, milliseconds(50)).outcome != redis::claim_outcome::unavailable;
    paid += !back && net::steady_clock::now() - began >= milliseconds(40) ? 1U : 0U;
    const auto others = net::steady_clock::now();
    BOOST_TEST((g.claim(kept, milliseconds(50)).outcome != redis::claim_outcome::held));
    BOOST_TEST((net::steady_clock::now() - others < milliseconds(150)));
    g.pass(milliseconds(10));
  }
  BOOST_TEST(back);
  BOOST_TEST(paid <= 10U); // until it is overdue; then nobody waits for it
  g.wait([&] { return g.ear.times("down") >= 1 && g.ear.up(); });
  cluster.node(0).thaw();
  g.pass(milliseconds(1000));
  BOOST_TEST((g.claim(lost).outcome == redis::claim_outcome::good));
}

BOOST_AUTO_TEST_SUITE_END()
