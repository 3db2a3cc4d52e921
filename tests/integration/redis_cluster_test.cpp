#include "rollcall/redis/cluster_roll.hpp"

#include "support/cluster_link.hpp"
#include "support/redis_cluster.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

/// Three masters for tests that leave each slot where it was.
redis_cluster& calm() {
  static redis_cluster c(3, false);
  return c;
}

struct on_calm : support::cluster_link {
  redis_cluster& cluster = calm();
  on_calm() {
    connect(cluster.deployment());
    up(3);
  }
  ~on_calm() { // NOLINT(bugprone-exception-escape): in a test
    for (std::size_t i = 0; i < 3; ++i) {
      cluster.node(i).command({"FLUSHALL"});
    }
  }
  std::uint64_t sent() const { return link->stats().commands.get(); }
};

bool is_error(const redis::command_result& r, std::string_view kind) {
  return r && r->is(redis::reply::kind::error) && r->text().starts_with(kind);
}

/// A value and its lease, as scripts take them.
constexpr std::string_view both = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1]) return 1";

} // namespace

BOOST_AUTO_TEST_SUITE(redis_cluster_calm)

BOOST_FIXTURE_TEST_CASE(each_command_goes_straight_to_the_master_of_its_key, on_calm) {
  const auto before = sent();
  for (int i = 0; i < 100; ++i) {
    BOOST_TEST(set(fmt::format("k{}", i), std::to_string(i))->ok());
  }
  for (int i = 0; i < 100; ++i) {
    BOOST_TEST(is(get(fmt::format("k{}", i)), std::to_string(i)));
  }
  BOOST_TEST(sent() == before + 200); // nothing was sent elsewhere
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(cluster.node(i).command({"DBSIZE"}) != "0");
  }
  BOOST_TEST(link->connected());
  BOOST_TEST(link->name().starts_with("redis+cluster://127.0.0.1:"));
}

BOOST_FIXTURE_TEST_CASE(commands_of_one_turn_leave_in_one_write_a_master, on_calm) {
  const auto writes = link->stats().writes.get();
  run([this]() -> net::task<void> {
    std::vector<net::task<redis::command_result>> all;
    for (int i = 0; i < 300; ++i) {
      const auto key = fmt::format("k{}", i);
      all.push_back(link->run_for(key, {"SET", key, "v"}, in(seconds(5))));
    }
    for (auto& each : all) {
      BOOST_TEST((co_await std::move(each))->ok());
    }
  });
  BOOST_TEST(link->stats().writes.get() == writes + 3);
}

BOOST_FIXTURE_TEST_CASE(one_seed_is_enough_and_one_that_is_dead_does_not_matter, on_calm) {
  redis_cluster& c = cluster;
  support::cluster_link other;
  auto to = c.deployment();
  to.nodes = {{"127.0.0.1", support::redis_server::free_port()}, c.address(1)};
  other.connect(to);
  other.up(3);
  BOOST_TEST(other.set("k1", "v")->ok());
}

BOOST_FIXTURE_TEST_CASE(a_master_that_is_not_on_the_roll_is_not_used, on_calm) {
  const auto key = cluster.key_in(50) + "x";
  support::cluster_link other;
  auto to = cluster.deployment();
  to.roll = std::make_shared<redis::cluster_roll>();
  int looks = 0;
  to.roll->attend([&] { ++looks; });
  other.connect(to);
  other.up(3);
  other.pass(milliseconds(120)); // it is not waited for any longer
  BOOST_TEST(is(other.get(key), command_error::unavailable));
  BOOST_TEST(looks == 1);
  to.roll->admit(to.nodes);
  BOOST_TEST(other.set(key, "v")->ok());
  std::vector<redis::host_port> rest;
  std::ranges::copy_if(to.nodes, std::back_inserter(rest),
                       [&](const auto& n) { return n != cluster.address(cluster.owner(50)); });
  to.roll->admit(rest);
  BOOST_TEST(is(other.get(key), command_error::unavailable));
}

BOOST_FIXTURE_TEST_CASE(a_moved_slot_is_followed_at_once_and_found_straight_afterwards, on_calm) {
  const auto key = cluster.key_in(100) + "x";
  BOOST_TEST(set(key, "v")->ok());
  const auto from = cluster.owner(100);
  const auto to = (from + 1) % 3;
  cluster.move_slot(100, from, to);

  auto before = sent();
  BOOST_TEST(is(get(key), "v"));
  BOOST_TEST(sent() == before + 2);
  before = sent();
  BOOST_TEST(is(get(key), "v"));
  BOOST_TEST(sent() == before + 1);
  cluster.move_slot(100, to, from);
  BOOST_TEST(is(get(key), "v"));
}

BOOST_FIXTURE_TEST_CASE(a_moved_slot_that_nobody_asked_for_is_found_by_looking, on_calm) {
  const auto one = cluster.key_in(200) + "x";
  const auto other = cluster.key_in(201) + "x";
  const auto from = cluster.owner(200);
  const auto to = (from + 1) % 3;
  cluster.move_slot(200, from, to);
  cluster.move_slot(201, from, to);
  BOOST_TEST(set(one, "v")->ok()); // is sent elsewhere, and so the map is looked at
  run([&]() -> net::task<void> { co_await until([&] { return sent() > 0; }); });
  pass(milliseconds(700));
  const auto before = sent();
  BOOST_TEST(set(other, "v")->ok());
  BOOST_TEST(sent() == before + 1);
  cluster.move_slot(200, to, from);
  cluster.move_slot(201, to, from);
}

BOOST_FIXTURE_TEST_CASE(while_a_slot_moves_single_keys_are_found_on_both_sides, on_calm) {
  const auto from = cluster.owner(300);
  const auto to = (from + 1) % 3;
  const auto tag = cluster.key_in(300);
  const auto stays = tag + "stays";
  const auto goes = tag + "goes";
  const auto new_one = tag + "new";
  set(stays, "1");
  set(goes, "2");
  cluster.begin_move(300, from, to);
  cluster.move_key(goes, from, to);

  BOOST_TEST(is(get(stays), "1"));
  BOOST_TEST(is(get(goes), "2"));
  BOOST_TEST(set(new_one, "3")->ok());
  BOOST_TEST(is(get(new_one), "3"));
  BOOST_TEST(cluster.node(from).command({"GET", new_one}).starts_with("ASK"));
  BOOST_TEST(is(get(stays), "1")); // ASK is for once: the slot is still where it was

  cluster.move_key(stays, from, to);
  cluster.end_move(300, to);
  BOOST_TEST(is(get(stays), "1"));
  cluster.move_slot(300, to, from);
}

BOOST_FIXTURE_TEST_CASE(a_script_over_two_keys_waits_for_them_to_be_together, on_calm) {
  const auto from = cluster.owner(400);
  const auto to = (from + 1) % 3;
  const auto value = cluster.key_in(400) + "x";
  const auto lease = value + ":lease";
  set(value, "1");
  set(lease, "1");
  cluster.begin_move(400, from, to);
  BOOST_TEST(ask(value, {"EVAL", both, "2", value, lease, "2"})->integer() == 1);
  cluster.move_key(value, from, to);

  const auto began = net::steady_clock::now();
  const auto apart = ask(value, {"EVAL", both, "2", value, lease, "3"}, milliseconds(40));
  BOOST_TEST(is_error(apart, "TRYAGAIN"));
  BOOST_TEST((net::steady_clock::now() - began < milliseconds(80)));
  BOOST_TEST(is(get(value), "2")); // and was not carried out

  auto waiting = net::asio::co_spawn(
      context, link->run_for(value, {"EVAL", both, "2", value, lease, "4"}, in(seconds(5))), net::asio::use_future);
  pass(milliseconds(10));
  BOOST_TEST((waiting.wait_for(seconds(0)) == std::future_status::timeout));
  cluster.move_key(lease, from, to);
  run([&]() -> net::task<void> {
    co_await until([&] { return waiting.wait_for(seconds(0)) == std::future_status::ready; });
  });
  BOOST_TEST(waiting.get()->integer() == 1);
  BOOST_TEST(is(get(value), "4"));
  cluster.end_move(400, to);
  cluster.move_slot(400, to, from);
}

BOOST_FIXTURE_TEST_CASE(a_slot_that_nobody_finishes_to_move_holds_no_script_for_long, on_calm) {
  const auto from = cluster.owner(500);
  const auto to = (from + 1) % 3;
  const auto value = cluster.key_in(500) + "x";
  const auto lease = value + ":lease";
  set(value, "1");
  cluster.begin_move(500, from, to);
  const auto began = net::steady_clock::now();
  BOOST_TEST(is_error(ask(value, {"EVAL", both, "2", value, lease, "2"}), "TRYAGAIN"));
  BOOST_TEST((net::steady_clock::now() - began < milliseconds(500)));
  cluster.move_key(value, from, to);
  cluster.end_move(500, to);
  cluster.move_slot(500, to, from);
}

BOOST_FIXTURE_TEST_CASE(a_script_that_a_node_does_not_know_is_its_own_news, on_calm) {
  const auto known = cluster.key_in(600) + "x";
  const auto from = cluster.owner(600);
  for (std::size_t i = 0; i < 3; ++i) {
    cluster.node(i).command({"SCRIPT", "FLUSH"});
  }
  const auto name = cluster.node(from).command({"SCRIPT", "LOAD", "return 7"});
  BOOST_TEST(ask(known, {"EVALSHA", name, "1", known})->integer() == 7);
  cluster.move_slot(600, from, (from + 1) % 3);
  BOOST_TEST(is_error(ask(known, {"EVALSHA", name, "1", known}), "NOSCRIPT"));
  BOOST_TEST(ask(known, {"EVAL", "return 7", "1", known})->integer() == 7);
  BOOST_TEST(ask(known, {"EVALSHA", name, "1", known})->integer() == 7);
  cluster.move_slot(600, (from + 1) % 3, from);
}

BOOST_FIXTURE_TEST_CASE(the_end_wakes_who_waits, on_calm) {
  const auto key = cluster.key_in(700) + "x";
  const auto at = cluster.owner(700);
  cluster.node(at).freeze();
  auto waiting = net::asio::co_spawn(context, link->run_for(key, {"GET", key}, in(seconds(5))), net::asio::use_future);
  pass(milliseconds(20));
  link->stop();
  run([&]() -> net::task<void> {
    co_await until([&] { return waiting.wait_for(seconds(0)) == std::future_status::ready; });
  });
  BOOST_TEST(is(waiting.get(), command_error::closed));
  BOOST_TEST(is(get(key), command_error::unavailable));
  cluster.node(at).thaw();
}

BOOST_AUTO_TEST_SUITE_END()
