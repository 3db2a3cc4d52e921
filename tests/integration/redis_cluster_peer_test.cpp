#include "support/cluster_link.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Nodes of a cluster that lie, hang, and send bots' commands round in circles.
namespace redis = rollcall::redis;
namespace net = rollcall::net;
using redis::command_error;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::bulk;
using support::conversation;
using support::in;
using support::is;
using support::until;

namespace {

std::string row(int first, int last, std::uint16_t port) {
  return fmt::format("*3\r\n:{}\r\n:{}\r\n*3\r\n{}:{}\r\n{}", first, last, bulk("127.0.0.1"), port, bulk("id"));
}

std::string rows(const std::vector<std::string>& all) {
  auto text = fmt::format("*{}\r\n", all.size());
  for (const auto& r : all) {
    text += r;
  }
  return text;
}

/// A node that is asked and says what it is told to say.
struct liar {
  explicit liar(net::asio::io_context& context) : peer(context, [this](conversation& talk) { return play(talk); }) {}

  std::function<std::string(const conversation::command_type&)> answer = [](const auto&) { return "$-1\r\n"; };
  /// Of CLUSTER SLOTS; nothing is said when it is empty.
  std::string map;
  std::string info = "cluster_state:ok\r\ncluster_current_epoch:1\r\n";
  std::vector<std::string> heard; ///< commands but for those that every connection begins with
  std::size_t surveys = 0;
  support::scripted_peer peer;

  [[nodiscard]] std::uint16_t port() const { return peer.port(); }

private:
  net::task<void> play(conversation& talk) {
    for (;;) {
      const auto c = co_await talk.command();
      if (c[0] == "PING") {
        co_await talk.send("+PONG\r\n");
      } else if (c[0] == "CLUSTER" && c[1] == "INFO") {
        co_await talk.send(bulk(info));
      } else if (c[0] == "CLUSTER") {
        ++surveys;
        if (map.empty()) {
          co_await talk.ignore();
        }
        co_await talk.send(map);
      } else {
        std::string line;
        for (const auto& word : c) {
          line += (line.empty() ? "" : " ") + word;
        }
        heard.push_back(line);
        co_await talk.send(c[0] == "ASKING" ? std::string("+OK\r\n") : answer(c));
      }
    }
  }
};

struct fixture : support::cluster_link {
  liar one{context};
  liar two{context};

  redis::deployment seeds() const {
    redis::deployment d;
    d.how = redis::deployment::form::cluster;
    d.nodes = {{"127.0.0.1", one.port()}, {"127.0.0.1", two.port()}};
    return d;
  }
  /// All slots at the first one.
  void all_at_one() {
    one.map = two.map = rows({row(0, 16383, one.port())});
    connect(seeds());
    up(1);
  }
  std::string moved_to(const liar& l, std::string_view word = "MOVED") const {
    return fmt::format("-{} {} 127.0.0.1:{}\r\n", word, slot, l.port());
  }
  ~fixture() {
    if (link) {
      link->stop();
    }
    one.peer.close();
    two.peer.close();
  }

  const std::string key = "bar";
  const int slot = 5061;
};

bool is_error(const redis::command_result& r, std::string_view kind) {
  return r && r->is(redis::reply::kind::error) && r->text().starts_with(kind);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_cluster_peer, fixture)

BOOST_AUTO_TEST_CASE(asking_and_its_command_are_next_to_each_other) {
  all_at_one();
  one.answer = [this](const auto&) { return moved_to(two, "ASK"); };
  two.answer = [](const auto& c) { return bulk(c[1]); };
  set(key, "warms the connection");
  two.heard.clear();
  // Many at once: each has its ASKING, and each its own reply.
  run([this]() -> net::task<void> {
    std::vector<net::task<redis::command_result>> all;
    for (int i = 0; i < 50; ++i) {
      all.push_back(link->run_for(key, {"GET", fmt::format("{{bar}}{}", i)}, in(seconds(5))));
    }
    for (int i = 0; i < 50; ++i) {
      BOOST_TEST(is(co_await std::move(all[static_cast<std::size_t>(i)]), fmt::format("{{bar}}{}", i)));
    }
  });
  BOOST_TEST_REQUIRE(two.heard.size() == 100U);
  for (std::size_t i = 0; i < 100; i += 2) {
    BOOST_TEST(two.heard[i] == "ASKING");
    BOOST_TEST(two.heard[i + 1].starts_with("GET "));
  }
  two.heard.clear();
  one.answer = [](const auto&) { return "+OK\r\n"; };
  BOOST_TEST(set(key, "v")->ok()); // it was for once
  BOOST_TEST(two.heard.empty());
}

BOOST_AUTO_TEST_CASE(nodes_that_send_each_other_everything_are_not_believed_for_long) {
  all_at_one();
  one.answer = [this](const auto&) { return moved_to(two); };
  two.answer = [this](const auto&) { return moved_to(one); };
  const auto r = get(key);
  BOOST_TEST(is_error(r, "MOVED"));
  BOOST_TEST(one.heard.size() + two.heard.size() == 6U);
}

BOOST_AUTO_TEST_CASE(a_node_that_sends_to_itself_is_not_believed_for_long) {
  all_at_one();
  for (const auto* word : {"MOVED", "ASK"}) {
    one.answer = [this, word](const auto&) { return moved_to(one, word); };
    one.heard.clear();
    BOOST_TEST(is_error(get(key), word));
    BOOST_TEST(std::ranges::count(one.heard, "GET bar") == 6);
  }
}

BOOST_AUTO_TEST_CASE(circles_end_with_the_deadline) {
  all_at_one();
  one.answer = [this](const auto&) { return moved_to(two); };
  two.answer = [this](const auto&) { return moved_to(one); };
  const auto began = net::steady_clock::now();
  get(key, milliseconds(3));
  BOOST_TEST((net::steady_clock::now() - began < milliseconds(200)));
}

BOOST_AUTO_TEST_CASE(a_redirection_to_nowhere_is_the_result) {
  all_at_one();
  for (std::string_view said : {"MOVED", "MOVED 5061 ?:1", "MOVED 5061 x", "ASK 5061 :0", "MOVED 99999 127.0.0.1:1",
                                "MOVED 1 127.0.0.1:1", "CLUSTERDOWN The cluster is down"}) {
    one.answer = [said](const auto&) { return fmt::format("-{}\r\n", said); };
    one.heard.clear();
    BOOST_TEST(is_error(get(key), said), said);
    BOOST_TEST(one.heard.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_redirection_to_where_nobody_is_costs_no_more_than_the_deadline) {
  all_at_one();
  const auto nobody = support::redis_server::free_port();
  one.answer = [&](const auto&) { return fmt::format("-MOVED 5061 127.0.0.1:{}\r\n", nobody); };
  const auto began = net::steady_clock::now();
  BOOST_TEST(is(get(key, milliseconds(300)), command_error::unavailable));
  BOOST_TEST((net::steady_clock::now() - began < milliseconds(300)));
  // The nodes are asked again, and say something else.
  one.answer = [](const auto&) { return "$1\r\nv\r\n"; };
  run([this]() -> net::task<void> {
    for (;;) {
      if (is(co_await link->run_for(key, {"GET", key}, in(seconds(1))), "v")) {
        co_return;
      }
      net::timer t(context.get_executor(), milliseconds(5));
      co_await t.async_wait(net::no_throw);
    }
  });
}

BOOST_AUTO_TEST_CASE(redirections_to_ever_new_nodes_are_bounded) {
  all_at_one();
  int next = 0;
  one.answer = [&](const auto&) {
    ++next;
    return fmt::format("-ASK 5061 127.1.{}.{}:1\r\n", next / 200, 1 + next % 200);
  };
  for (int i = 0; i < 600; ++i) {
    get(key, milliseconds(2));
    pass(milliseconds(1));
  }
  BOOST_TEST(next > 300);
  BOOST_TEST(log.count("cannot connect") <= 256U);
  BOOST_TEST(link->connected());
  one.answer = [](const auto&) { return "$1\r\nv\r\n"; };
  run([this]() -> net::task<void> { co_await until([this] { return link->stats().up.get() >= 1; }); });
}

BOOST_AUTO_TEST_CASE(a_map_that_contradicts_itself_is_not_taken) {
  one.map = rows({row(0, 16383, one.port()), row(5, 5, two.port())});
  two.map = rows({row(0, 16383, two.port())});
  two.answer = [](const auto&) { return "$1\r\nv\r\n"; };
  connect(seeds());
  up(1);
  BOOST_TEST(is(get(key), "v"));
  BOOST_TEST(one.heard.empty());
}

BOOST_AUTO_TEST_CASE(nodes_that_tell_no_map_are_asked_again_and_named_once) {
  one.map = "+hello\r\n";
  two.map = "-ERR This instance has cluster support disabled\r\n";
  connect(seeds());
  run([this]() -> net::task<void> { co_await until([this] { return one.surveys >= 4; }); });
  BOOST_TEST(!link->connected());
  BOOST_TEST(is(get(key), command_error::unavailable));
  BOOST_TEST(log.count("no node of the cluster tells which slots it has") == 1U);
  BOOST_TEST(log.count("cluster support disabled") == 1U);
  one.map = rows({row(0, 16383, one.port())});
  up(1);
  BOOST_TEST(log.count("tell again") == 1U);
}

BOOST_AUTO_TEST_CASE(a_huge_map_is_cut_off) {
  one.map = fmt::format("*1\r\n${}\r\n", 64 << 20) + std::string(8 << 20, 'x');
  two.map = rows({row(0, 16383, two.port())});
  connect(seeds());
  up(1);
  BOOST_TEST(is(get(key), ""));
}

BOOST_AUTO_TEST_CASE(a_node_that_says_nothing_is_passed_over) {
  two.map = rows({row(0, 16383, two.port())});
  const auto began = net::steady_clock::now();
  connect(seeds());
  up(1);
  BOOST_TEST((net::steady_clock::now() - began < seconds(2)));
  BOOST_TEST(one.surveys == 1U);
}

BOOST_AUTO_TEST_CASE(who_was_cut_off_is_not_believed) {
  all_at_one();
  // Since then two has become the master, and only two knows.
  two.map = rows({row(0, 16383, two.port())});
  two.info = "cluster_state:ok\r\ncluster_current_epoch:2\r\n";
  two.answer = [](const auto&) { return "$3\r\nnew\r\n"; };
  one.info = "cluster_state:fail\r\ncluster_current_epoch:1\r\n";
  one.answer = [this](const auto&) { return moved_to(two); };
  BOOST_TEST(is(get(key), "new"));
  pass(milliseconds(300));
  BOOST_TEST(one.surveys == 2U); // it was asked first, because it knew better
  one.answer = [](const auto&) { return "$3\r\nold\r\n"; };
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(is(get(key), "new"));
    pass(milliseconds(5));
  }
}

BOOST_AUTO_TEST_CASE(a_cluster_that_was_made_anew_is_believed) {
  one.info = two.info = "cluster_state:ok\r\ncluster_current_epoch:90\r\n";
  all_at_one();
  one.info = two.info = "cluster_state:ok\r\ncluster_current_epoch:1\r\n";
  one.map = two.map = rows({row(0, 16383, two.port())});
  one.answer = [](const auto&) { return "-CLUSTERDOWN Hash slot not served\r\n"; };
  two.answer = [](const auto&) { return "$1\r\nv\r\n"; };
  BOOST_TEST(is_error(get(key), "CLUSTERDOWN"));
  run([this]() -> net::task<void> { co_await until([this] { return link->stats().up.get() == 2; }); });
  BOOST_TEST(is(get(key), "v"));
}

BOOST_AUTO_TEST_CASE(one_round_at_a_time_and_not_at_full_speed) {
  all_at_one();
  one.answer = [this](const auto&) { return moved_to(one); };
  pass(milliseconds(100));
  const auto before = one.surveys + two.surveys;
  const auto began = net::steady_clock::now();
  while (net::steady_clock::now() - began < seconds(1)) {
    get(key, milliseconds(20));
  }
  BOOST_TEST(one.surveys + two.surveys - before <= 12U);
  BOOST_TEST(one.surveys + two.surveys - before >= 1U);
}

BOOST_AUTO_TEST_CASE(a_waiter_that_is_cancelled_between_two_tries_is_let_go) {
  all_at_one();
  one.answer = [](const auto&) { return "-TRYAGAIN Multiple keys request during rehashing of slot\r\n"; };
  net::asio::cancellation_signal stop;
  std::optional<redis::command_result> result;
  net::asio::co_spawn(
      context, link->run_for(key, {"GET", key}, in(seconds(5))),
      net::asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, redis::command_result r) {
        BOOST_TEST(!e);
        result = std::move(r);
      }));
  run([this]() -> net::task<void> { co_await until([this] { return one.heard.size() >= 3; }); });
  stop.emit(net::asio::cancellation_type::terminal);
  run([&]() -> net::task<void> { co_await until([&] { return result.has_value(); }); });
  BOOST_TEST(is(*result, command_error::timed_out));
}

BOOST_AUTO_TEST_SUITE_END()
