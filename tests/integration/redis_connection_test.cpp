#include "support/redis_link.hpp"
#include "support/redis_server.hpp"
#include "support/run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redis = rollcall::redis;
namespace net = rollcall::net;
namespace asio = boost::asio;
using redis::command_error;
using kind = redis::reply::kind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::get;
using support::in;
using support::is;
using support::until;

BOOST_FIXTURE_TEST_SUITE(redis_connection_with_a_server, support::redis_link)

BOOST_AUTO_TEST_CASE(commands_work_over_unix_and_tcp) {
  support::redis_server server({.tcp = true, .password = "", .arguments = {}});
  for (bool tcp : {false, true}) {
    auto& c = connect(server.url(tcp));
    run([&]() -> net::task<void> {
      co_await up();
      const std::string value("a\0\r\n$5\r\n", 9);
      const auto set = co_await c.run({"SET", "k", value}, in(seconds(5)));
      BOOST_TEST(set.value().ok());
      BOOST_TEST(is(co_await get(c, "k"), value));
      BOOST_TEST((co_await get(c, "none")).value().is(kind::nil));
      BOOST_TEST((co_await c.run({"INCR", "n"}, in(seconds(5)))).value().is(kind::integer));
      const auto both = co_await c.run({"MGET", "k", "none"}, in(seconds(5)));
      BOOST_REQUIRE(both.value().size() == 2U);
      BOOST_TEST((*both)[0].text() == value);
      BOOST_TEST((*both)[1].is(kind::nil));
      const auto wrong = co_await c.run({"INCR", "k"}, in(seconds(5)));
      BOOST_TEST(wrong.value().is(kind::error));
    });
    c.stop();
  }
}

BOOST_AUTO_TEST_CASE(a_name_is_resolved) {
  support::redis_server server({.tcp = true, .password = "", .arguments = {}});
  connect("redis://localhost:" + std::to_string(server.port()));
  run([&]() -> net::task<void> { co_await up(); });
}

BOOST_AUTO_TEST_CASE(a_large_value_goes_both_ways) {
  support::redis_server server;
  auto& c = connect(server.url());
  run([&]() -> net::task<void> {
    co_await up();
    const std::string value(8 << 20, 'x');
    BOOST_TEST((co_await c.run({"SET", "k", value}, in(seconds(5)))).value().ok());
    BOOST_TEST(((co_await get(c, "k")).value().text() == value));
  });
}

BOOST_AUTO_TEST_CASE(a_thousand_commands_of_one_turn_leave_in_one_write) {
  support::redis_server server;
  auto& c = connect(server.url());
  run([&]() -> net::task<void> {
    co_await up();
    std::vector<net::task<redis::command_result>> all;
    for (int i = 0; i < 1000; ++i) {
      all.push_back(c.run({"ECHO", std::to_string(i)}, in(seconds(5))));
    }
    BOOST_TEST(c.stats().pending.get() == 1000U);
    for (int i = 0; i < 1000; ++i) {
      const auto r = co_await std::move(all[static_cast<std::size_t>(i)]);
      BOOST_REQUIRE(is(r, std::to_string(i)));
    }
    BOOST_TEST(c.stats().writes.get() == 1U);
    BOOST_TEST(c.stats().pending.get() == 0U);
  });
}

BOOST_AUTO_TEST_CASE(nothing_waits_while_there_is_no_server_and_it_is_found_when_it_comes) {
  support::redis_server server({.password = "", .arguments = {}, .start = false});
  auto& c = connect(server.url());
  run([&]() -> net::task<void> {
    BOOST_TEST(is(co_await get(c, "k"), command_error::unavailable));
    co_await until([&] { return c.stats().failures.get() >= 5; });
    BOOST_TEST(is(co_await get(c, "k"), command_error::unavailable));
  });
  BOOST_TEST(log.count("cannot connect") == 1U);
  server.start();
  run([&]() -> net::task<void> {
    co_await up();
    BOOST_TEST((co_await get(c, "k")).value().is(kind::nil));
  });
  BOOST_TEST(log.count("connected") == 1U);
}

BOOST_AUTO_TEST_CASE(a_killed_server_tells_those_who_wait_and_a_restarted_one_works) {
  support::redis_server server;
  auto& c = connect(server.url());
  run([&]() -> net::task<void> {
    co_await up();
    const auto waits = aside(c.run({"BLPOP", "nothing", "0"}, in(seconds(60))));
    co_await until([&] { return server.command({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos; });
    const auto before = net::steady_clock::now();
    server.kill();
    co_await until([&] { return waits->has_value(); });
    BOOST_TEST(is(**waits, command_error::closed));
    BOOST_TEST((net::steady_clock::now() - before < seconds(5)));
    BOOST_TEST(is(co_await get(c, "k"), command_error::unavailable));
  });
  BOOST_TEST(log.count("connection lost") == 1U);
  server.start();
  run([&]() -> net::task<void> {
    co_await up();
    BOOST_TEST((co_await get(c, "k")).value().is(kind::nil));
    BOOST_TEST(c.stats().connects.get() == 2U);
  });
}

BOOST_AUTO_TEST_CASE(a_frozen_server_costs_a_deadline_then_nothing_and_works_after_the_thaw) {
  support::redis_server server;
  auto o = quick();
  o.overdue = milliseconds(150);
  auto& c = connect(server.url(), o);
  run([&]() -> net::task<void> {
    co_await up();
    server.freeze();
    const auto before = net::steady_clock::now();
    const auto patient = aside(c.run({"GET", "k"}, in(seconds(60))));
    BOOST_TEST(is(co_await get(c, "k", milliseconds(30)), command_error::timed_out));
    const auto took = net::steady_clock::now() - before;
    BOOST_TEST((took >= milliseconds(30)));
    BOOST_TEST((took < seconds(2)));
    BOOST_TEST(c.stats().timeouts.get() == 1U);
    co_await down();
    BOOST_TEST(c.stats().replaced.get() == 1U);
    co_await until([&] { return patient->has_value(); });
    BOOST_TEST(is(**patient, command_error::closed));
    BOOST_TEST(is(co_await get(c, "k"), command_error::unavailable)); // although it still accepts connections
    server.thaw();
    co_await up();
    BOOST_TEST((co_await get(c, "k")).value().is(kind::nil));
  });
}

BOOST_AUTO_TEST_CASE(password_user_and_database_are_used) {
  support::redis_server server(
      {.password = "p@ss w:rd", .arguments = {"--user", "bot", "on", ">secret", "~*", "+@all", "--databases", "16"}});
  for (const auto& login : {std::string(":p%40ss%20w%3Ard@"), std::string("bot:secret@")}) {
    auto& c = connect("unix://" + login + server.socket() + "?db=3");
    run([&]() -> net::task<void> {
      co_await up();
      const auto r = co_await c.run({"CLIENT", "INFO"}, in(seconds(5)));
      BOOST_TEST(r.value().text().find(" db=3 ") != std::string_view::npos);
      BOOST_TEST(r->text().find(login.starts_with(":") ? " user=default " : " user=bot ") != std::string_view::npos);
    });
    c.stop();
  }
  BOOST_TEST(log.count("secret") == 0U);
  BOOST_TEST(log.count("p@ss") == 0U);
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_told_once_and_tried_again) {
  support::redis_server server({.password = "right", .arguments = {}});
  for (const auto& url : {"unix://:topsecret@" + server.socket(), "unix://" + server.socket()}) {
    const auto told = log.count("refused");
    auto& c = connect(url);
    run([&]() -> net::task<void> {
      co_await until([&] { return c.stats().failures.get() >= 5; });
      BOOST_TEST(!c.connected());
      BOOST_TEST(is(co_await get(c, "k"), command_error::unavailable));
    });
    BOOST_TEST(log.count("refused") == told + 1);
    BOOST_TEST(c.stats().connects.get() == 0U);
    c.stop();
  }
  BOOST_TEST(log.count("topsecret") == 0U);
  server.command({"CONFIG", "SET", "requirepass", "topsecret"});
  connect("unix://:topsecret@" + server.socket());
  run([&]() -> net::task<void> { co_await up(); });
}

BOOST_AUTO_TEST_CASE(a_database_that_is_not_there_is_refused) {
  support::redis_server server;
  auto& c = connect(server.url() + "?db=999");
  run([&]() -> net::task<void> { co_await until([&] { return c.stats().failures.get() >= 2; }); });
  BOOST_TEST(log.count("SELECT refused") == 1U);
}

BOOST_AUTO_TEST_CASE(a_user_who_may_not_ping_is_let_in) {
  support::redis_server server({.password = "", .arguments = {"--user", "bot", "on", ">secret", "~*", "+get"}});
  auto& c = connect("unix://bot:secret@" + server.socket());
  run([&]() -> net::task<void> {
    co_await up();
    BOOST_TEST((co_await get(c, "k")).value().is(kind::nil));
    BOOST_TEST((co_await c.run({"SET", "k", "v"}, in(seconds(5)))).value().text().starts_with("NOPERM"));
  });
}

BOOST_AUTO_TEST_CASE(stop_tells_those_who_wait_and_later_ones) {
  support::redis_server server;
  auto& c = connect(server.url());
  run([&]() -> net::task<void> {
    co_await up();
    const auto waits = aside(c.run({"BLPOP", "nothing", "0"}, in(seconds(60))));
    const auto queued = aside(c.run({"GET", "k"}, in(seconds(60))));
    co_await until([&] { return c.stats().writes.get() == 1; });
    const auto unsent = aside(c.run({"GET", "k"}, in(seconds(60))));
    c.stop();
    BOOST_TEST(!waits->has_value()); // nobody runs inside stop()
    co_await until([&] { return waits->has_value() && queued->has_value() && unsent->has_value(); });
    BOOST_TEST(is(**waits, command_error::closed));
    BOOST_TEST(is(**queued, command_error::closed));
    BOOST_TEST(is(**unsent, command_error::closed));
    BOOST_TEST(is(co_await get(c, "k"), command_error::unavailable));
  });
  c.stop(); // again: nothing
}

BOOST_AUTO_TEST_CASE(it_may_be_destroyed_while_somebody_waits) {
  support::redis_server server;
  auto& c = connect(server.url());
  run([&]() -> net::task<void> {
    co_await up();
    const auto waits = aside(c.run({"BLPOP", "nothing", "0"}, in(seconds(60))));
    link.reset();
    co_await until([&] { return waits->has_value(); });
    BOOST_TEST(is(**waits, command_error::closed));
  });
}

BOOST_AUTO_TEST_CASE(it_may_be_stopped_at_any_moment_of_its_life) {
  support::redis_server server;
  for (int turns = 0; turns < 40; ++turns) {
    auto& c = connect(server.url() + "?db=1");
    context.restart();
    for (int i = 0; i < turns; ++i) {
      context.poll_one();
    }
    c.stop();
    support::drain(context, seconds(5));
    BOOST_TEST(!c.connected());
  }
}

BOOST_AUTO_TEST_CASE(a_cancelled_waiter_goes_on_and_the_others_get_their_own) {
  support::redis_server server;
  auto& c = connect(server.url());
  run([&]() -> net::task<void> {
    co_await up();
    asio::cancellation_signal cancel;
    std::optional<redis::command_result> cancelled;
    asio::co_spawn(context, c.run({"ECHO", "mine"}, in(seconds(60))),
                   asio::bind_cancellation_slot(
                       cancel.slot(), [&](std::exception_ptr, redis::command_result r) { cancelled = std::move(r); }));
    const auto other = aside(c.run({"ECHO", "yours"}, in(seconds(60))));
    co_await asio::post(asio::use_awaitable_t<net::executor>{});
    cancel.emit(asio::cancellation_type::terminal);
    co_await until([&] { return cancelled && other->has_value(); });
    BOOST_TEST(is(**other, "yours"));
    BOOST_TEST(is(co_await c.run({"ECHO", "next"}, in(seconds(60))), "next"));
  });
}

BOOST_AUTO_TEST_SUITE_END()
