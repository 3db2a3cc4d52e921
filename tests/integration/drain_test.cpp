// How a gateway ends: what is under way is answered, nothing new is begun, and nobody can keep it from ending.
#include "support/counting_upstream.hpp"
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(drain)

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using support::counting_upstream;
using support::eventually;
using support::raw_answer;
using support::raw_client;
using support::running_gateway;
using support::seen_request;

const std::string members = support::members_request(R"({"wId":"w","wcId":"1@chatroom"})");
const std::string passed = "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody";

bool is_members(const raw_answer& a) {
  return a.status == 200 && a.body.find("'1@chatroom'") != std::string::npos;
}

struct world {
  world() : gateway(upstream.url()) {}
  /// The upstream answers when `slow` is opened.
  explicit world(support::gate& slow, std::chrono::milliseconds drain_timeout = 30s)
      : upstream([&](const seen_request& r) {
          slow.pass();
          return counting_upstream::usual(r);
        }),
        gateway([&] {
          auto settings = running_gateway::settings_for(upstream.url());
          settings.server.drain_timeout = drain_timeout;
          return settings;
        }()) {}

  raw_client client() { return raw_client(gateway.port()); }
  bool lets_in() {
    try {
      client();
      return true;
    } catch (const boost::system::system_error& e) {
      return e.code() != boost::asio::error::connection_refused;
    }
  }

  counting_upstream upstream;
  running_gateway gateway;
};

} // namespace

BOOST_AUTO_TEST_CASE(draining_answers_what_is_under_way) {
  support::gate slow;
  world w(slow);
  auto miss = w.client();
  miss.send(members);
  auto other = w.client();
  other.send(passed);
  BOOST_TEST(w.upstream.wait_until([](const auto& u) { return u.requests() == 2; }));
  w.gateway->drain();
  BOOST_TEST(eventually([&] { return !w.lets_in(); }));
  slow.open();
  const auto a = miss.receive();
  BOOST_TEST(is_members(a));
  BOOST_TEST(a.field("Connection") == "close");
  BOOST_TEST(miss.is_closed());
  const auto b = other.receive();
  BOOST_TEST(b.body == "/x|body");
  BOOST_TEST(b.field("Connection") == "close");
  BOOST_TEST(other.is_closed());
}

BOOST_AUTO_TEST_CASE(draining_closes_idle_connections_but_answers_what_was_on_its_way) {
  world w;
  auto idle = w.client();
  BOOST_TEST(is_members(idle.ask(members)));
  auto silent = w.client();
  auto late = w.client();
  BOOST_TEST(is_members(late.ask(members)));
  auto late_too = w.client();
  BOOST_TEST(is_members(late_too.ask(members)));
  const auto began = steady_clock::now();
  w.gateway->drain();
  BOOST_TEST(eventually([&] { return !w.lets_in(); }));
  std::this_thread::sleep_for(500ms); // these requests take their time on the way
  const auto a = late.ask(members);
  BOOST_TEST(is_members(a));
  BOOST_TEST(a.field("Connection") == "close");
  BOOST_TEST(late.is_closed());
  const auto b = late_too.ask(passed);
  BOOST_TEST(b.body == "/x|body");
  BOOST_TEST(b.field("Connection") == "close");
  BOOST_TEST(late_too.is_closed());
  BOOST_TEST(idle.is_closed());
  BOOST_TEST(silent.is_closed());
  w.gateway.stop();
  BOOST_TEST((steady_clock::now() - began) / 1ms < 5000);
}

BOOST_AUTO_TEST_CASE(draining_ends_even_when_clients_do_not) {
  support::gate never;
  world w(never, 300ms);
  auto waiting = w.client();
  waiting.send(members);
  auto half = w.client();
  half.send(members.substr(0, 40));
  BOOST_TEST(w.upstream.wait_until([](const auto& u) { return u.requests() == 1; }));
  const auto began = steady_clock::now();
  w.gateway.stop();
  BOOST_TEST((steady_clock::now() - began) / 1ms < 5000);
  never.open();
  BOOST_TEST(waiting.receive().status == 0U);
}

BOOST_AUTO_TEST_CASE(a_second_drain_cuts_off_what_is_left) {
  support::gate never;
  world w(never);
  auto waiting = w.client();
  waiting.send(passed);
  BOOST_TEST(w.upstream.wait_until([](const auto& u) { return u.requests() == 1; }));
  const auto began = steady_clock::now();
  w.gateway->drain();
  w.gateway.stop();
  BOOST_TEST((steady_clock::now() - began) / 1ms < 5000);
  never.open();
}

BOOST_AUTO_TEST_SUITE_END()
