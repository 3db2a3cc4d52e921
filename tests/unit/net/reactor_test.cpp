// Edges, as they are told: with real sockets and a loop that runs until it has nothing left to tell.
#include "rollcall/net/descriptor.hpp"
#include "rollcall/net/reactor.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(net_reactor)

namespace {

using rollcall::net::descriptor;
using rollcall::net::reactor;

struct ear final : reactor::watcher {
  explicit ear(reactor& r) : from(r) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ours = descriptor(ends[0]);
    theirs = descriptor(ends[1]);
    BOOST_REQUIRE(!from.watch(ours.get(), *this));
  }
  ~ear() { from.forget(*this); }
  void on_events(std::uint32_t events) noexcept override {
    heard.push_back(events);
    if (then)
      then();
  }
  void send(std::string_view text) const {
    BOOST_REQUIRE_EQUAL(::send(theirs.get(), text.data(), text.size(), 0), std::ssize(text));
  }

  reactor& from;
  descriptor ours;
  descriptor theirs;
  std::vector<std::uint32_t> heard;
  std::function<void()> then;
};

struct loop {
  loop() { r.start(); }
  ~loop() {
    r.stop();
    io.restart();
    io.run(); // returns: nothing is left
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }

  boost::asio::io_context io{1};
  reactor r{io.get_executor()};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(each_edge_is_told_once, loop) {
  ear e(r);
  settle();
  BOOST_TEST_REQUIRE(e.heard.size() == 1U); // what is the case at first
  BOOST_TEST(e.heard[0] == static_cast<std::uint32_t>(EPOLLOUT));
  settle();
  BOOST_TEST(e.heard.size() == 1U);
  e.send("a");
  settle();
  BOOST_TEST_REQUIRE(e.heard.size() == 2U);
  BOOST_TEST((e.heard[1] & EPOLLIN) != 0U);
  settle(); // it was not read, and is not told again
  BOOST_TEST(e.heard.size() == 2U);
  e.send("b");
  settle();
  BOOST_TEST(e.heard.size() == 3U);
}

BOOST_FIXTURE_TEST_CASE(more_than_fit_in_a_turn_are_all_told, loop) {
  std::vector<std::unique_ptr<ear>> all;
  for (int i = 0; i < 400; ++i)
    all.push_back(std::make_unique<ear>(r));
  settle();
  for (const auto& e : all)
    e->send("x");
  settle();
  for (const auto& e : all)
    BOOST_REQUIRE_EQUAL(e->heard.size(), 2U);
}

BOOST_FIXTURE_TEST_CASE(who_is_forgotten_within_a_turn_hears_nothing_of_it, loop) {
  auto a = std::make_unique<ear>(r);
  auto b = std::make_unique<ear>(r);
  settle();
  int told = 0;
  a->then = [&] { b.reset(), ++told; };
  b->then = [&] { a.reset(), ++told; };
  a->send("x");
  b->send("x");
  settle(); // whoever came first has destroyed the other: a sanitizer would see it called
  BOOST_TEST(told == 1);
}

BOOST_FIXTURE_TEST_CASE(who_asks_is_called_again_once_and_later, loop) {
  ear e(r);
  settle();
  e.heard.clear();
  r.again(e);
  r.again(e);
  BOOST_TEST(e.heard.empty());
  settle();
  BOOST_TEST_REQUIRE(e.heard.size() == 1U);
  BOOST_TEST(e.heard[0] == 0U);
  int more = 3;
  e.then = [&] {
    if (more-- > 0)
      r.again(e);
  };
  r.again(e);
  settle();
  BOOST_TEST(e.heard.size() == 5U);
}

BOOST_FIXTURE_TEST_CASE(who_is_forgotten_is_not_called_again, loop) {
  auto a = std::make_unique<ear>(r);
  auto b = std::make_unique<ear>(r);
  auto c = std::make_unique<ear>(r);
  settle();
  int called = 0;
  a->then = [&] { b.reset(), ++called; }; // while they are called
  c->then = [&] { ++called; };
  r.again(*a);
  r.again(*b);
  r.again(*c);
  c.reset(); // before
  settle();
  BOOST_TEST(called == 1);
}

BOOST_AUTO_TEST_SUITE_END()
