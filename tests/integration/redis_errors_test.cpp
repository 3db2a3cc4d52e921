#include "rollcall/redis/store.hpp"

#include "support/redis_link.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace cache = rollcall::cache;
namespace redis = rollcall::redis;
namespace net = rollcall::net;
using redis::trouble;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::conversation;
using support::in;
using support::until;

namespace {

/// A Redis that has nothing but one answer.
struct one_answer : support::redis_link {
  std::string answer;

  redis::connection& talk() {
    return connect_to([this](conversation& with) -> net::task<void> {
      for (;;) {
        co_await with.command();
        co_await with.send(answer);
      }
    });
  }

  template <class T>
  T get(net::task<T> work) {
    return run([&]() -> net::task<T> { return std::move(work); });
  }
};

/// A server that has to be a master, and says what it is in one way or another.
struct role_teller : support::redis_link {
  std::string role;
  std::string hello;

  void talk() {
    peer = std::make_unique<support::scripted_peer>(context, [this](conversation& with) -> net::task<void> {
      for (;;) {
        const auto c = co_await with.command();
        co_await with.send(c.front() == "PING" ? "+PONG\r\n" : c.front() == "ROLE" ? role : hello);
      }
    });
    auto o = quick();
    connect({.path = "", .host = "127.0.0.1", .port = peer->port(), .user = "", .password = "", .must_be_master = true},
            o);
  }

  void expect(bool taken) {
    talk();
    run([&]() -> net::task<void> {
      co_await until([&] { return link->connected() || link->stats().failures.get() > 1; });
    });
    BOOST_TEST(link->connected() == taken);
  }
};

const std::string refused = "-NOPERM this user has no permissions to run the command\r\n";
const std::string master_role = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
const std::string slave_role = "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:0\r\n";

std::string hello_of(std::string_view role) {
  return "*6\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:2\r\n$4\r\nrole\r\n$" + std::to_string(role.size()) +
         "\r\n" + std::string(role) + "\r\n";
}

} // namespace

BOOST_FIXTURE_TEST_CASE(an_error_of_redis_is_never_an_answer, one_answer) {
  const cache::identity id("-", "wcId", "0000016e", "2332@chatroom");
  for (std::size_t i = 1; i <= redis::troubles; ++i) {
    const auto kind = static_cast<trouble>(i);
    if (kind == trouble::wrongtype) {
      continue; // that is an answer: somebody else's key, to be replaced
    }
    std::string word(redis::to_string(kind));
    for (auto& c : word) {
      c = static_cast<char>(c - 'a' + 'A');
    }
    answer = "-" + word + " 1 127.0.0.1:1\r\n";
    auto& c = talk();
    redis::store store(c, "ns");
    const auto now = cache::wall_now();
    const auto claimed = get(store.get_or_claim(id, {.now = now, .fresh = seconds(60)}, in(seconds(5))));
    BOOST_TEST((claimed.outcome == redis::claim_outcome::unavailable), word);
    BOOST_TEST(!claimed.entry, word);
    BOOST_TEST((get(store.get(id, now, in(seconds(5)))).outcome == redis::lookup::unavailable), word);
    BOOST_TEST((get(store.verify(id, 1, now, in(seconds(5)))).outcome == redis::verification::unavailable), word);
    BOOST_TEST(!get(store.purge(cache::scope::of("0000016e", ""), {}, now, milliseconds(500))).has_value(), word);
    BOOST_TEST(c.stats().errors[i - 1].get() >= 4U, word);
    c.stop();
    peer->close();
    support::drain(context);
  }
}

BOOST_FIXTURE_TEST_CASE(a_master_is_taken, role_teller) {
  role = master_role;
  expect(true);
}

BOOST_FIXTURE_TEST_CASE(a_replica_is_not, role_teller) {
  role = slave_role;
  expect(false);
  BOOST_TEST(log.count("cannot connect: it is no master") == 1U);
}

BOOST_FIXTURE_TEST_CASE(who_may_not_ask_for_the_role_learns_it_from_HELLO, role_teller) {
  role = refused;
  hello = hello_of("master");
  expect(true);
}

BOOST_FIXTURE_TEST_CASE(and_that_it_is_a_replica, role_teller) {
  role = refused;
  hello = hello_of("replica");
  expect(false);
}

BOOST_FIXTURE_TEST_CASE(where_neither_tells_the_sentinels_are_believed, role_teller) {
  role = refused;
  hello = "-ERR unknown command 'HELLO'\r\n";
  expect(true);
}
