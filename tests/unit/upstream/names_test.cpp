// Names with several addresses, and what a pool does when they change: with a look-up of the test's own.
#include "rollcall/upstream/names.hpp"
#include "rollcall/upstream/pool.hpp"

#include "support/run.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace net = rollcall::net;
using namespace std::chrono_literals;
using net::steady_clock;
using rollcall::upstream::address_book;
using rollcall::upstream::failure;
using rollcall::upstream::link;
using rollcall::upstream::look_up;
using rollcall::upstream::names;
using rollcall::upstream::pool;
using list = address_book::addresses;

struct server {
  explicit server(int backlog = 8) : listener(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(listener.get(), generic, size) == 0);
    BOOST_REQUIRE(::listen(listener.get(), backlog) == 0);
    BOOST_REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
    where = {net::asio::ip::address_v4::loopback(), ntohs(address.sin_port)};
  }
  net::descriptor listener;
  net::tcp::endpoint where;
};

/// Answers look-ups when the test says so.
struct directory_service {
  look_up asked() {
    return [this](const std::string& host, std::uint16_t port, auto then) {
      BOOST_TEST(host == "instance.example");
      BOOST_TEST(port == 80U);
      ++questions;
      if (known)
        return then({}, *known);
      waiting = std::move(then);
    };
  }
  void answer(net::error_code ec, list found) { std::exchange(waiting, nullptr)(ec, std::move(found)); }

  int questions = 0;
  std::optional<list> known; // answered at once
  std::move_only_function<void(net::error_code, list)> waiting;
};

struct fixture {
  fixture() { edges.start(); }
  ~fixture() {
    if (p)
      p->stop();
    edges.stop();
    BOOST_CHECK_NO_THROW(support::drain(io, 1s));
  }
  void open(std::chrono::milliseconds ttl = 1h, std::chrono::milliseconds connect_timeout = 2s) {
    p.emplace(io.get_executor(), edges,
              rollcall::upstream::instance{.host = "instance.example", .port = 80, .base_path = {}},
              rollcall::upstream::pool_options{
                  .connect_timeout = connect_timeout, .dns_ttl = ttl, .look_up = service.asked()});
  }
  std::expected<std::shared_ptr<link>, failure> take() {
    return support::run(io, [this] { return p->take(true); });
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }

  net::asio::io_context io{1};
  net::reactor edges{io.get_executor()};
  directory_service service;
  std::optional<pool> p;
};

BOOST_FIXTURE_TEST_SUITE(names_suite, fixture)

BOOST_AUTO_TEST_CASE(an_address_is_asked_of_nobody) {
  names n(io.get_executor(), "127.0.0.1", 80, service.asked());
  const auto found = support::run(io, [&] { return n.get(steady_clock::now() + 1s, 0ms); });
  BOOST_TEST((found == list{{net::asio::ip::make_address("127.0.0.1"), 80}}));
  BOOST_TEST(service.questions == 0);
}

BOOST_AUTO_TEST_CASE(the_system_knows_localhost) {
  names n(io.get_executor(), "localhost", 80);
  const auto found = support::run(io, [&] { return n.get(steady_clock::now() + 5s, 1h); });
  BOOST_TEST_REQUIRE(found.has_value());
  BOOST_TEST(found->front().address().is_loopback());
}

BOOST_AUTO_TEST_CASE(all_who_wait_the_first_time_wait_for_one_look_up) {
  names n(io.get_executor(), "instance.example", 80, service.asked());
  int got = 0;
  for (int i = 0; i < 3; ++i)
    net::asio::co_spawn(io, n.get(steady_clock::now() + 10s, 1h),
                        [&](std::exception_ptr, auto found) { got += found == list{net::tcp::endpoint()} ? 1 : 0; });
  settle();
  BOOST_TEST(service.questions == 1);
  BOOST_TEST(got == 0);
  service.answer({}, {net::tcp::endpoint()});
  settle();
  BOOST_TEST(got == 3);
}

BOOST_AUTO_TEST_CASE(a_look_up_that_hangs_is_given_up_in_time_and_one_that_fails_says_why) {
  names n(io.get_executor(), "instance.example", 80, service.asked());
  const auto get = [&] { return support::run(io, [&] { return n.get(steady_clock::now() + 50ms, 1h); }); };
  BOOST_TEST((get().error() == net::asio::error::timed_out));
  service.answer(net::asio::error::host_not_found, {});
  service.known = list{};
  BOOST_TEST((get().error() == net::asio::error::host_not_found)); // an empty answer is none either
  BOOST_TEST(service.questions == 2);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_addresses_that_are_known) {
  names n(io.get_executor(), "instance.example", 80, service.asked());
  service.known = list{{net::asio::ip::make_address("10.0.0.1"), 80}};
  const auto get = [&] { return support::run(io, [&] { return n.get(steady_clock::now() + 1h, 0ms); }); };
  const auto first = get();
  service.known.reset();
  BOOST_TEST((get() == first)); // while it is looked up again
  BOOST_TEST(service.questions == 2);
  service.answer(net::asio::error::host_not_found, {});
  BOOST_TEST((get() == first)); // although that failed
  service.answer({}, {{net::asio::ip::make_address("10.0.0.2"), 80}});
  BOOST_TEST((get()->front().address().to_string() == "10.0.0.2"));
}

BOOST_AUTO_TEST_CASE(addresses_are_tried_in_order_until_one_takes_the_connection) {
  const server good;
  const net::tcp::endpoint nobody(net::asio::ip::make_address("127.0.0.2"), good.where.port());
  service.known = list{nobody, good.where};
  open();
  for (int i = 0; i < 2; ++i) {
    const auto l = take();
    BOOST_TEST_REQUIRE(l.has_value());
    BOOST_TEST((*l)->peer() == good.where);
    p->give_back(*l, false);
  }
  BOOST_TEST(p->stats().connects.get() == 2U);
}

// A connection to a listener whose queue is full hangs.
BOOST_AUTO_TEST_CASE(an_address_that_hangs_leaves_time_for_the_next) {
  const server full(0);
  std::vector<net::descriptor> filling;
  for (int i = 0; i < 4; ++i) {
    filling.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    auto to = full.where;
    (void)::connect(filling.back().get(), to.data(), static_cast<socklen_t>(to.size()));
  }
  const server good;
  service.known = list{full.where, good.where};
  open(1h, 400ms);
  const auto began = steady_clock::now();
  const auto l = take();
  BOOST_TEST_REQUIRE(l.has_value());
  BOOST_TEST((*l)->peer() == good.where);
  BOOST_TEST((steady_clock::now() - began >= 190ms));
  p->give_back(*l, false);
  // The next connection begins with the one that took this.
  const auto again = steady_clock::now();
  const auto second = take();
  BOOST_TEST_REQUIRE(second.has_value());
  BOOST_TEST((steady_clock::now() - again < 150ms));
  p->give_back(*second, false);
}

BOOST_AUTO_TEST_CASE(idle_connections_to_addresses_that_are_gone_are_closed) {
  const server old_one;
  const server kept;
  const server new_one;
  open(0ms);
  service.known = list{old_one.where};
  auto first = take();
  auto busy = take(); // still under way when the address goes
  service.known = list{kept.where, old_one.where};
  auto second = take();
  BOOST_TEST_REQUIRE((first && busy && second));
  BOOST_TEST((*second)->peer() == kept.where);
  p->give_back(std::move(*first), true);
  p->give_back(std::move(*second), true);
  BOOST_TEST(p->stats().idle.get() == 2U);
  service.known = list{new_one.where, kept.where};
  auto third = take(); // looks up
  BOOST_TEST_REQUIRE(third.has_value());
  BOOST_TEST((*third)->peer() == new_one.where);
  BOOST_TEST(p->stats().idle.get() == 1U);
  p->give_back(std::move(*third), false);
  p->give_back(std::move(*busy), true);
  BOOST_TEST(p->stats().idle.get() == 1U);
  const auto left = p->take_idle();
  BOOST_TEST(left->peer() == kept.where);
  p->give_back(left, false);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
