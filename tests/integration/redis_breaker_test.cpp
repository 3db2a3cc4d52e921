#include "support/redis_link.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redis = rollcall::redis;
namespace net = rollcall::net;
using redis::command_error;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::conversation;
using support::get;
using support::in;
using support::is;
using support::until;

namespace {

/// A peer that says whatever it is told to at the moment, and counts probes.
struct fickle_redis : support::redis_link {
  std::optional<std::string> answer; ///< none: mute
  std::size_t probes = 0;
  std::size_t asked = 0;

  static redis::connection_options fast() {
    auto o = quick();
    o.patience = milliseconds(50);
    o.probe_key = "ns:probe";
    o.breaker = {.failures = 5, .pause_first = milliseconds(5), .pause_most = milliseconds(40)};
    return o;
  }

  redis::connection& talk(redis::connection_options o = fast()) {
    return connect_to(
        [this](conversation& with) -> net::task<void> {
          for (;;) {
            const auto c = co_await with.command();
            ++(c == conversation::command_type{"GET", "ns:probe"} ? probes : asked);
            if (answer) {
              co_await with.send(*answer);
            }
          }
        },
        std::move(o));
  }

  /// So many commands, one after the other.
  net::task<void> fail(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      co_await get(*link, "k", milliseconds(30));
    }
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_breaker, fickle_redis)

BOOST_AUTO_TEST_CASE(a_mute_redis_is_not_asked_any_longer) {
  auto& c = talk();
  run([&]() -> net::task<void> {
    co_await fail(4);
    BOOST_TEST(c.connected());
    co_await fail(1);
    BOOST_TEST(!c.connected());
    BOOST_TEST(c.stats().open.get() == 1U);
    const auto before = asked;
    const auto begin = net::steady_clock::now();
    for (int i = 0; i < 1000; ++i) {
      BOOST_REQUIRE(is(co_await get(c, "k"), command_error::unavailable));
    }
    BOOST_TEST((net::steady_clock::now() - begin < seconds(1)));
    BOOST_TEST(asked == before);
    BOOST_TEST(probes == 0U); // while it owes replies to older commands
  });
  BOOST_TEST(log.count("not used until it is well again") == 1U);
  BOOST_TEST(peer->accepted() == 1U); // it is not yet overdue
}

BOOST_AUTO_TEST_CASE(who_waits_when_it_opens_is_let_go) {
  auto& c = talk();
  run([&]() -> net::task<void> {
    auto patient = get(c, "patient", seconds(60));
    co_await fail(5);
    BOOST_TEST(is(co_await std::move(patient), command_error::timed_out));
  });
}

BOOST_AUTO_TEST_CASE(LOADING_opens_it_and_the_end_of_that_closes_it) {
  answer = "-LOADING Redis is loading the dataset in memory\r\n";
  auto& c = talk();
  run([&]() -> net::task<void> {
    co_await fail(4);
    BOOST_TEST(c.connected());
    co_await fail(1);
    BOOST_TEST(!c.connected());
    co_await until([&] { return probes > 2; }); // they are told the same
    BOOST_TEST(!c.connected());
    answer = "$-1\r\n";
    co_await until([&] { return c.connected(); });
    BOOST_TEST((co_await get(c, "k")).has_value());
  });
  BOOST_TEST(log.count("it says loading to everything") == 1U);
  BOOST_TEST(log.count(": well again") == 1U);
  BOOST_TEST(c.stats().open.get() == 0U);
  BOOST_TEST(c.stats().openings.get() == 1U);
  BOOST_TEST(c.stats().errors[static_cast<std::size_t>(redis::trouble::loading) - 1].get() >= 7U);
}

BOOST_AUTO_TEST_CASE(a_redis_that_refuses_writes_or_us_is_asked_all_the_same) {
  for (std::string_view error :
       {"OOM", "READONLY", "MISCONF", "NOPERM", "MOVED 1 127.0.0.1:1", "WRONGTYPE", "ERR no"}) {
    answer = "-" + std::string(error) + " and why\r\n";
    auto& c = talk();
    run([&]() -> net::task<void> { co_await fail(20); });
    BOOST_TEST(c.connected(), error);
    BOOST_TEST(c.stats().openings.get() == 0U);
    BOOST_TEST(c.stats().errors[static_cast<std::size_t>(redis::trouble_of(error)) - 1].get() == 20U);
    c.stop();
    peer->close();
    support::drain(context);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_in_time_now_and_then_keeps_it_closed) {
  auto& c = connect_to(
      [](conversation& with) -> net::task<void> {
        std::string late;
        for (int i = 1;; ++i) {
          co_await with.command();
          late += ":1\r\n";
          if (i % 4 == 0) {
            co_await with.send(std::exchange(late, {}));
          }
        }
      },
      fast());
  run([&]() -> net::task<void> { co_await fail(16); });
  BOOST_TEST(c.connected());
  BOOST_TEST(c.stats().timeouts.get() == 12U);
}

BOOST_AUTO_TEST_CASE(commands_that_had_hardly_any_time_say_nothing) {
  auto o = fast();
  o.patience = milliseconds(2000);
  auto& c = talk(o);
  run([&]() -> net::task<void> {
    for (int i = 0; i < 20; ++i) {
      co_await get(c, "k", milliseconds(5));
    }
  });
  BOOST_TEST(c.connected());
  BOOST_TEST(c.stats().openings.get() == 0U);
}

BOOST_AUTO_TEST_CASE(a_new_connection_does_not_close_it) {
  // Answers the greeting of each connection, and nothing else: as one does that takes a second for everything.
  auto o = fast();
  o.overdue = milliseconds(300);
  auto& c = talk(o);
  run([&]() -> net::task<void> {
    co_await fail(5);
    co_await until([&] { return c.stats().connects.get() >= 3; });
    BOOST_TEST(!c.connected());
    BOOST_TEST(is(co_await get(c, "k"), command_error::unavailable));
    answer = "$-1\r\n";
    co_await until([&] { return c.connected(); });
  });
  BOOST_TEST(c.stats().openings.get() == 1U);
}

BOOST_AUTO_TEST_CASE(its_owner_is_told_that_waiting_is_in_vain) {
  int told = 0;
  auto o = fast();
  o.lost = [&told] { ++told; };
  auto& c = talk(o);
  run([&]() -> net::task<void> {
    co_await fail(5);
    BOOST_TEST(told == 1);
    peer->close();
    co_await until([&] { return told == 2; });
  });
  BOOST_TEST(!c.connected());
}

// Of a thousand commands a second, each with 50 ms: those under way when the first runs out, and the four after it.
BOOST_AUTO_TEST_CASE(so_many_pay_when_redis_freezes) {
  auto& c = talk();
  std::size_t whole = 0;
  std::size_t waited = 0;
  std::size_t sent = 0;
  std::vector<std::shared_ptr<std::optional<redis::command_result>>> all;
  auto ask = [](fickle_redis& on, std::size_t& paid, std::size_t& paid_all) -> net::task<redis::command_result> {
    const auto begin = net::steady_clock::now();
    auto r = co_await get(*on.link, "k", milliseconds(50));
    const auto took = net::steady_clock::now() - begin;
    paid += took > milliseconds(5) ? 1 : 0;
    paid_all += took >= milliseconds(50) ? 1 : 0;
    co_return r;
  };
  run([&]() -> net::task<void> {
    net::timer tick(context);
    const auto begin = net::steady_clock::now();
    for (; sent < 500; ++sent) {
      all.push_back(aside(ask(*this, waited, whole)));
      tick.expires_at(begin + milliseconds(sent));
      co_await tick.async_wait(net::no_throw);
    }
    co_await until([&] { return std::ranges::all_of(all, [](const auto& r) { return r->has_value(); }); });
  });
  BOOST_TEST_MESSAGE(sent << " commands: " << waited << " waited, " << whole << " to the end of their time");
  BOOST_TEST(!c.connected());
  BOOST_TEST(whole >= 5U);
  BOOST_TEST(whole < 50U);
  BOOST_TEST(waited < 250U);
}

BOOST_AUTO_TEST_SUITE_END()
