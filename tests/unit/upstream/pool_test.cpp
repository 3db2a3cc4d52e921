// What becomes of connections between two exchanges: with a listening socket of our own, and a loop that runs until
// it has nothing left to tell.
#include "rollcall/upstream/pool.hpp"
#include "rollcall/upstream/stream.hpp"

#include "support/run.hpp"

#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(upstream_pool)

namespace {

namespace net = rollcall::net;
using rollcall::upstream::failure;
using rollcall::upstream::link;
using rollcall::upstream::pool;
using rollcall::upstream::stream;
using namespace std::chrono_literals;

struct instance {
  instance() : listener(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(listener.get(), generic, size) == 0);
    BOOST_REQUIRE(::listen(listener.get(), 8) == 0);
    BOOST_REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
    port = ntohs(address.sin_port);
  }
  net::descriptor accept() const { return net::descriptor(::accept(listener.get(), nullptr, nullptr)); }

  net::descriptor listener;
  std::uint16_t port = 0;
};

void send(const net::descriptor& to, std::string_view text) {
  BOOST_REQUIRE_EQUAL(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
}

/// A pool with one connection, which is idle, and its other end.
struct one_idle {
  one_idle() {
    edges.start();
    const auto l = support::run(io, [this] { return p.take(); });
    BOOST_REQUIRE(l.has_value());
    theirs = peer.accept();
    p.give_back(*l, true);
    settle();
    BOOST_REQUIRE_EQUAL(p.stats().idle.get(), 1U);
  }
  ~one_idle() {
    p.stop();
    edges.stop();
    BOOST_CHECK_NO_THROW(support::drain(io, 1s));
    BOOST_TEST(p.stats().open.get() == 0U);
    BOOST_TEST(p.stats().idle.get() == 0U);
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  void check_dropped() const {
    BOOST_TEST(p.stats().idle.get() == 0U);
    BOOST_TEST(p.stats().stale.get() == 1U);
    char byte;
    const auto n = ::recv(theirs.get(), &byte, 1, MSG_DONTWAIT);
    BOOST_TEST((n == 0 || (n < 0 && errno == ECONNRESET)));
  }

  net::asio::io_context io{1};
  net::reactor edges{io.get_executor()};
  instance peer;
  pool p{io.get_executor(), edges, {.host = "127.0.0.1", .port = peer.port, .base_path = {}}, {}};
  net::descriptor theirs;
};

/// Does something when its edge is told.
struct client final : net::reactor::watcher {
  explicit client(net::reactor& r) : from(r) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ours = net::descriptor(ends[0]);
    theirs = net::descriptor(ends[1]);
    BOOST_REQUIRE(!from.watch(ours.get(), *this));
  }
  ~client() { from.forget(*this); }
  void on_events(std::uint32_t) noexcept override {
    if (then)
      std::exchange(then, nullptr)();
  }
  void ask(std::function<void()> what) {
    then = std::move(what);
    send(theirs, "x");
  }

  net::reactor& from;
  net::descriptor ours;
  net::descriptor theirs;
  std::function<void()> then;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(an_idle_connection_that_ends_is_closed_at_once, one_idle) {
  BOOST_REQUIRE(::shutdown(theirs.get(), SHUT_WR) == 0);
  settle(); // nobody asks
  check_dropped();
}

BOOST_FIXTURE_TEST_CASE(an_idle_connection_that_says_something_is_closed_at_once, one_idle) {
  send(theirs, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  settle();
  check_dropped();
}

BOOST_FIXTURE_TEST_CASE(only_the_one_that_ends_is_closed, one_idle) {
  const auto first = p.take_idle();
  const auto second = support::run(io, [this] { return p.take(); });
  BOOST_REQUIRE(second.has_value());
  const auto others = peer.accept();
  p.give_back(first, true);
  p.give_back(*second, true);
  theirs.close();
  settle();
  BOOST_TEST(p.stats().idle.get() == 1U);
  BOOST_TEST(p.take_idle() == *second);
  p.give_back(*second, true);
}

// Outside of the events that the reactor tells, the last of them may be any time ago.
BOOST_FIXTURE_TEST_CASE(what_no_edge_has_told_yet_is_seen_all_the_same, one_idle) {
  send(theirs, "x");
  BOOST_TEST(p.take_idle() == nullptr);
  check_dropped();
}

// The edges of the request and of what came before it are told in one turn of the loop, in whatever order.
BOOST_FIXTURE_TEST_CASE(what_came_before_the_request_did_is_seen, one_idle) {
  for (const bool request_first : {true, false}) {
    if (p.stats().idle.get() == 0) {
      const auto again = support::run(io, [this] { return p.take(); });
      theirs = peer.accept();
      p.give_back(*again, true);
    }
    client c(edges);
    settle();
    bool asked = false;
    bool got = false;
    const auto request = [&] {
      c.ask([&] {
        const auto l = p.take_idle();
        asked = true;
        got = l != nullptr;
        if (l)
          p.give_back(l, false);
      });
    };
    if (request_first)
      request();
    send(theirs, "x");
    if (!request_first)
      request();
    settle();
    BOOST_TEST(asked);
    BOOST_TEST(!got, (request_first ? "request first" : "request last"));
  }
  BOOST_TEST(p.stats().stale.get() == 2U);
}

// So many events later, the set was asked too long ago.
BOOST_FIXTURE_TEST_CASE(what_came_within_a_long_turn_is_seen, one_idle) {
  std::vector<std::unique_ptr<client>> all;
  for (int i = 0; i < 200; ++i)
    all.push_back(std::make_unique<client>(edges));
  settle();
  int told = 0;
  bool got = true;
  for (auto& c : all)
    c->ask([&] {
      if (++told == 1)
        send(theirs, "x");
      if (told == 200)
        got = p.take_idle() != nullptr;
    });
  settle();
  BOOST_TEST(told == 200);
  BOOST_TEST(!got);
  check_dropped();
}

BOOST_FIXTURE_TEST_CASE(an_answer_with_something_behind_it_ends_the_connection, one_idle) {
  const auto l = p.take_idle();
  BOOST_REQUIRE(l != nullptr);
  l->buffer.append("\r\n");
  p.give_back(l, true);
  check_dropped();
}

// The answer's second half comes after the first was read, and before anybody waits for it.
BOOST_FIXTURE_TEST_CASE(no_edge_is_lost_between_a_read_and_the_wait, one_idle) {
  auto s = std::make_unique<stream>(p, 1h, false);
  BOOST_REQUIRE(s->open_now());
  std::string_view text = "GET / HTTP/1.1\r\n\r\n";
  BOOST_REQUIRE(s->send_now(text).has_value());
  s->request_is_whole();
  std::string body;
  s->when_more([&](std::expected<void, failure> come) {
    BOOST_REQUIRE(come.has_value());
    const auto head = s->arrived_head();
    BOOST_REQUIRE((head && *head));
    body += *s->arrived();
  });
  send(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
  settle();
  BOOST_TEST(body == "a");
  send(theirs, "b");
  settle(); // the edge is told, and nobody waits
  s->when_more([&](std::expected<void, failure>) { body += *s->arrived(); });
  settle();
  BOOST_TEST(body == "ab");
  BOOST_TEST(s->answer_is_through());
  s.reset();
  BOOST_TEST(p.stats().idle.get() == 1U);
}

BOOST_FIXTURE_TEST_CASE(stopping_tells_whoever_waits_for_an_answer, one_idle) {
  std::optional<failure> why;
  auto s = std::make_unique<stream>(p, 1h, false);
  BOOST_REQUIRE(s->open_now());
  auto& waiting = *s;
  waiting.when_more([&why, own = std::move(s)](std::expected<void, failure> come) {
    if (!come)
      why = come.error();
  });
  p.stop();
  BOOST_TEST(!why); // not while somebody may be at work on it
  settle();
  BOOST_TEST((why == failure::closed));
}

BOOST_AUTO_TEST_SUITE_END()
