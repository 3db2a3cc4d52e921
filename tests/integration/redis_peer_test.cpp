#include "support/redis_link.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace redis = rollcall::redis;
namespace net = rollcall::net;
using redis::command_error;
using kind = redis::reply::kind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::conversation;
using support::get;
using support::in;
using support::is;
using support::until;

BOOST_FIXTURE_TEST_SUITE(redis_connection_with_a_scripted_peer, support::redis_link)

BOOST_AUTO_TEST_CASE(replies_may_come_byte_by_byte_or_many_at_once) {
  auto& c = connect_to([](conversation& talk) -> net::task<void> {
    co_await talk.command();
    co_await talk.send_bytewise("$5\r\nfirst\r\n");
    for (int i = 0; i < 3; ++i) {
      co_await talk.command();
    }
    co_await talk.send("+a\r\n*2\r\n:1\r\n$-1\r\n$1\r\nc\r\n");
    co_await talk.ignore();
  });
  run([&]() -> net::task<void> {
    BOOST_TEST(is(co_await get(c, "k"), "first"));
    auto a = get(c, "a");
    auto b = get(c, "b");
    auto d = get(c, "c");
    BOOST_TEST(is(co_await std::move(a), "a"));
    BOOST_TEST((co_await std::move(b)).value().size() == 2U);
    BOOST_TEST(is(co_await std::move(d), "c"));
  });
}

// A name has several addresses where a service is on several machines, or reached by IPv6 besides. `localhost` has two
// nearly everywhere; where it has not, there is nothing to see.
BOOST_AUTO_TEST_CASE(an_address_that_swallows_everything_does_not_hide_the_next) {
  net::asio::ip::basic_resolver<net::tcp, net::executor> resolver(context.get_executor());
  net::error_code none;
  const auto found = resolver.resolve("localhost", "0", none);
  if (none || found.size() < 2 || !found.begin()->endpoint().address().is_v6()) {
    BOOST_TEST_MESSAGE("localhost has one address");
    return;
  }
  peer = std::make_unique<support::scripted_peer>(context, [](conversation& talk) -> net::task<void> {
    co_await talk.greet();
    co_await talk.ignore();
  });
  net::asio::basic_socket_acceptor<net::tcp, net::executor> full(context.get_executor());
  const net::tcp::endpoint first(net::asio::ip::address_v6::loopback(), peer->port());
  full.open(first.protocol());
  full.bind(first);
  full.listen(0);
  std::vector<net::tcp_socket> queue; // more than it takes
  for (int i = 0; i < 4; ++i) {
    queue.emplace_back(context.get_executor()).async_connect(first, [](net::error_code) {});
  }
  auto o = quick();
  o.connect_timeout = milliseconds(400);
  connect({.path = "", .host = "localhost", .port = peer->port(), .user = "", .password = ""}, o);
  run([&]() -> net::task<void> { co_await up(); });
  BOOST_TEST(link->stats().failures.get() == 0U);
}

BOOST_AUTO_TEST_CASE(commands_of_one_turn_reach_the_peer_together) {
  std::size_t reads = 0;
  auto& c = connect_to([&](conversation& talk) -> net::task<void> {
    const auto before = talk.reads();
    for (int i = 0; i < 1000; ++i) {
      co_await talk.command();
    }
    reads = talk.reads() - before;
    std::string replies;
    for (int i = 0; i < 1000; ++i) {
      replies += ":" + std::to_string(i) + "\r\n";
    }
    co_await talk.send(replies);
    co_await talk.ignore();
  });
  run([&]() -> net::task<void> {
    std::vector<net::task<redis::command_result>> all;
    for (int i = 0; i < 1000; ++i) {
      all.push_back(get(c, "k"));
    }
    for (int i = 0; i < 1000; ++i) {
      BOOST_REQUIRE((co_await std::move(all[static_cast<std::size_t>(i)])).value().integer() == i);
    }
  });
  BOOST_TEST(reads <= 4U);
}

BOOST_AUTO_TEST_CASE(a_late_reply_reaches_nobody_and_later_ones_their_own) {
  bool late = false;
  auto& c = connect_to([&](conversation& talk) -> net::task<void> {
    co_await talk.command();
    co_await until([&] { return late; });
    co_await talk.send("$5\r\nstale\r\n");
    for (int i = 0; i < 2; ++i) {
      const auto command = co_await talk.command();
      co_await talk.send("+" + command[1] + "\r\n");
    }
    co_await talk.ignore();
  });
  run([&]() -> net::task<void> {
    BOOST_TEST(is(co_await get(c, "slow", milliseconds(20)), command_error::timed_out));
    BOOST_TEST(c.stats().pending.get() == 1U);
    auto a = get(c, "a");
    auto b = get(c, "b");
    late = true;
    BOOST_TEST(is(co_await std::move(a), "a"));
    BOOST_TEST(is(co_await std::move(b), "b"));
    BOOST_TEST(c.connected());
    BOOST_TEST(c.stats().connects.get() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(deadlines_are_kept_in_any_order) {
  auto& c = connect_to([](conversation& talk) -> net::task<void> { co_await talk.ignore(); });
  run([&]() -> net::task<void> {
    const auto start = net::steady_clock::now();
    const auto late = aside(get(c, "k", milliseconds(80)));
    const auto soon = aside(get(c, "k", milliseconds(10)));
    const auto middle = aside(get(c, "k", milliseconds(40)));
    co_await until([&] { return soon->has_value(); });
    BOOST_TEST(is(**soon, command_error::timed_out));
    BOOST_TEST((net::steady_clock::now() - start >= milliseconds(10)));
    co_await until([&] { return middle->has_value(); });
    BOOST_TEST((net::steady_clock::now() - start >= milliseconds(40)));
    co_await until([&] { return late->has_value(); });
    BOOST_TEST((net::steady_clock::now() - start >= milliseconds(80)));
    BOOST_TEST(c.stats().timeouts.get() == 3U);
  });
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_sends_nothing) {
  auto& c = connect_to([](conversation& talk) -> net::task<void> { co_await talk.ignore(); });
  run([&]() -> net::task<void> {
    BOOST_TEST(is(co_await get(c, "k", milliseconds(0)), command_error::timed_out));
    BOOST_TEST(c.stats().commands.get() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(redis_own_errors_are_replies) {
  auto& c = connect_to([](conversation& talk) -> net::task<void> {
    co_await talk.command();
    co_await talk.send("-MOVED 3999 127.0.0.1:6381\r\n");
    co_await talk.ignore();
  });
  run([&]() -> net::task<void> {
    const auto r = co_await get(c, "k");
    BOOST_TEST(r.value().is(kind::error));
    BOOST_TEST(r->text() == "MOVED 3999 127.0.0.1:6381");
    BOOST_TEST(c.connected());
  });
}

BOOST_AUTO_TEST_CASE(a_peer_that_breaks_the_protocol_is_replaced) {
  struct {
    std::string says;
    bool asked;
  } cases[] = {{"HTTP/1.1 400 Bad Request\r\n\r\n", true},
               {"+nobody asked\r\n", false},
               {"+yours\r\n+nobody asked\r\n", true},
               {"*2147483647\r\n*2147483647\r\nx", true},
               {"$5000\r\n" + std::string(5000, 'x'), true},
               {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", true}};
  auto o = quick();
  o.reply_most = 4096;
  for (const auto& test : cases) {
    auto& c = connect_to(
        [&test](conversation& talk) -> net::task<void> {
          if (talk.number() == 0) {
            if (test.asked) {
              co_await talk.command();
            }
            co_await talk.send(test.says);
          } else {
            co_await talk.command();
            co_await talk.send("+fine\r\n");
          }
          co_await talk.ignore();
        },
        o);
    run([&]() -> net::task<void> {
      if (test.asked) {
        const auto r = co_await get(c, "k");
        BOOST_TEST((is(r, command_error::closed) || is(r, "yours")), test.says.substr(0, 20));
      }
      co_await until([&] { return c.stats().connects.get() == 2 && c.connected(); });
      BOOST_TEST(c.stats().protocol_errors.get() == 1U);
      BOOST_TEST(c.stats().replaced.get() == 1U);
      BOOST_TEST(is(co_await get(c, "k"), "fine"));
    });
    c.stop();
    peer.reset();
    support::drain(context);
  }
  BOOST_TEST(log.count("not the Redis protocol") == std::size(cases));
}

BOOST_AUTO_TEST_CASE(a_connection_that_ends_mid_reply_is_replaced_and_shows_no_half_of_it) {
  auto& c = connect_to([](conversation& talk) -> net::task<void> {
    co_await talk.command();
    if (talk.number() == 0) {
      co_await talk.send("$10\r\nhalf");
      talk.close();
    } else {
      co_await talk.send("$4\r\nfull\r\n");
      co_await talk.ignore();
    }
  });
  run([&]() -> net::task<void> {
    BOOST_TEST(is(co_await get(c, "k"), command_error::closed));
    co_await until([&] { return c.connected(); });
    BOOST_TEST(is(co_await get(c, "k"), "full"));
  });
}

BOOST_AUTO_TEST_CASE(an_abandoned_command_that_is_overdue_replaces_the_connection) {
  auto o = quick();
  o.overdue = milliseconds(60);
  auto& c = connect_to([](conversation& talk) -> net::task<void> { co_await talk.ignore(); }, o);
  run([&]() -> net::task<void> {
    BOOST_TEST(is(co_await get(c, "k", milliseconds(10)), command_error::timed_out));
    BOOST_TEST(c.connected());
    co_await until([&] { return c.stats().connects.get() == 2; });
    BOOST_TEST(c.stats().replaced.get() == 1U);
    BOOST_TEST(c.stats().pending.get() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(the_number_of_commands_under_way_is_limited) {
  auto o = quick();
  o.pending_most = 3;
  auto& c = connect_to(
      [](conversation& talk) -> net::task<void> {
        for (int i = 0; i < 3; ++i) {
          co_await talk.command();
        }
        co_await talk.send("+1\r\n+2\r\n+3\r\n");
        co_await talk.command();
        co_await talk.send("+4\r\n");
        co_await talk.ignore();
      },
      o);
  run([&]() -> net::task<void> {
    std::vector<net::task<redis::command_result>> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(get(c, "k"));
    }
    BOOST_TEST(is(co_await std::move(all[3]), command_error::overloaded));
    BOOST_TEST(is(co_await std::move(all[0]), "1"));
    BOOST_TEST(is(co_await std::move(all[2]), "3"));
    BOOST_TEST(is(co_await get(c, "k"), "4"));
    BOOST_TEST(c.stats().refusals.get() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(the_bytes_waiting_for_a_slow_peer_are_limited) {
  auto o = quick();
  o.output_most = 1000;
  auto& c = connect_to([](conversation& talk) -> net::task<void> { co_await talk.ignore(); }, o);
  run([&]() -> net::task<void> {
    BOOST_TEST(is(co_await c.run({"SET", "k", std::string(1000, 'x')}, in(seconds(5))), command_error::overloaded));
    auto fits = c.run({"SET", "k", std::string(500, 'x')}, in(milliseconds(50)));
    BOOST_TEST(is(co_await c.run({"SET", "k", std::string(500, 'x')}, in(seconds(5))), command_error::overloaded));
    BOOST_TEST(is(co_await std::move(fits), command_error::timed_out));
    // The first has left the buffer by now.
    BOOST_TEST(is(co_await c.run({"SET", "k", std::string(500, 'x')}, in(milliseconds(20))), command_error::timed_out));
  });
}

BOOST_AUTO_TEST_CASE(a_peer_that_accepts_and_says_nothing_is_given_up_and_tried_again) {
  auto o = quick();
  o.connect_timeout = milliseconds(30);
  peer = std::make_unique<support::scripted_peer>(context, [](conversation& talk) -> net::task<void> {
    if (talk.number() >= 2) {
      co_await talk.greet();
    }
    co_await talk.ignore();
  });
  connect({.path = "", .host = "127.0.0.1", .port = peer->port(), .user = "", .password = ""}, o);
  run([&]() -> net::task<void> {
    co_await until([&] { return link->stats().failures.get() == 1; });
    BOOST_TEST(!link->connected());
    co_await up();
    BOOST_TEST(link->stats().failures.get() >= 2U);
  });
  BOOST_TEST(log.count("timed out") == 1U);
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_loading_is_not_used_yet) {
  peer = std::make_unique<support::scripted_peer>(context, [](conversation& talk) -> net::task<void> {
    co_await talk.command();
    co_await talk.send(talk.number() < 3 ? "-LOADING Redis is loading the dataset in memory\r\n" : "+PONG\r\n");
    co_await talk.ignore();
  });
  connect({.path = "", .host = "127.0.0.1", .port = peer->port(), .user = "", .password = ""});
  run([&]() -> net::task<void> { co_await up(); });
  BOOST_TEST(link->stats().failures.get() == 3U);
  BOOST_TEST(log.count("PING refused: LOADING") == 1U);
}

BOOST_AUTO_TEST_CASE(a_peer_that_drops_everybody_is_not_asked_at_full_speed) {
  auto o = quick();
  o.backoff_first = milliseconds(20);
  o.backoff_most = milliseconds(10'000);
  peer = std::make_unique<support::scripted_peer>(context, [](conversation& talk) -> net::task<void> {
    co_await talk.greet();
    talk.close();
  });
  connect({.path = "", .host = "127.0.0.1", .port = peer->port(), .user = "", .password = ""}, o);
  const auto until_then = in(milliseconds(300));
  run([&]() -> net::task<void> { co_await until([&] { return net::steady_clock::now() >= until_then; }); });
  BOOST_TEST(peer->accepted() > 0U);
  BOOST_TEST(peer->accepted() < 20U);
}

BOOST_AUTO_TEST_SUITE_END()
