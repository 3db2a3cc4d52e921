// Conversations of a client with a whole gateway: order, splits, reuse, and clients that read or leave as they please.
#include "support/counting_upstream.hpp"
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(session)

namespace {

using namespace std::chrono_literals;
using support::counting_upstream;
using support::eventually;
using support::members_request;
using support::metric;
using support::raw_answer;
using support::raw_client;
using support::running_gateway;
using support::seen_request;

std::string query(std::string_view room) {
  return fmt::format(R"({{"wId":"w","wcId":"{}@chatroom"}})", room);
}
std::string ask_for(std::string_view room) {
  return members_request(query(room));
}
/// On a route that is passed through.
std::string post(std::string_view path, std::string_view body) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", path, body.size(), body);
}

struct world {
  counting_upstream upstream;
  running_gateway gateway{upstream.url()};

  raw_client client() { return raw_client(gateway.port()); }
  void warm(std::string_view room) { BOOST_REQUIRE_EQUAL(client().ask(ask_for(room)).status, 200U); }
};

bool is_about(const raw_answer& a, std::string_view room) {
  return a.status == 200 && a.body.find(fmt::format("'{}@chatroom'", room)) != std::string::npos;
}
bool is_hit(const raw_answer& a) {
  return a.field("Cache-Status").find("; hit") != std::string::npos;
}

/// Sends each byte at once, so that most of them arrive alone.
void send_bytewise(raw_client& c, std::string_view bytes) {
  c.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    c.send(bytes.substr(i, 1));
}

/// Not a few megabytes of what the client does not read, but some hundred kilobytes.
void keep_window_small(raw_client& c) {
  c.socket().set_option(boost::asio::socket_base::receive_buffer_size(64 * 1024));
}

} // namespace

BOOST_AUTO_TEST_CASE(two_hundred_hits_in_one_write_are_answered_in_order) {
  world w;
  for (int room = 0; room < 20; ++room)
    w.warm(std::to_string(room));
  std::string requests;
  for (int i = 0; i < 200; ++i)
    requests += ask_for(std::to_string(i % 20));
  auto c = w.client();
  c.send(requests);
  for (int i = 0; i < 200; ++i) {
    const auto a = c.receive();
    BOOST_REQUIRE_MESSAGE(is_about(a, std::to_string(i % 20)) && is_hit(a), i << ": " << a.head << a.body);
  }
  BOOST_TEST(w.upstream.requests() == 20U);
}

BOOST_AUTO_TEST_CASE(hits_misses_and_others_in_one_write_are_answered_in_order) {
  world w;
  w.warm("known");
  std::string requests;
  for (int i = 0; i < 150; i += 3)
    requests += ask_for("known") + ask_for(fmt::format("new{}", i)) + post(fmt::format("/x{}", i), "body");
  auto c = w.client();
  c.send(requests);
  for (int i = 0; i < 150; i += 3) {
    BOOST_REQUIRE(is_about(c.receive(), "known"));
    BOOST_REQUIRE(is_about(c.receive(), fmt::format("new{}", i)));
    BOOST_REQUIRE_EQUAL(c.receive().body, fmt::format("/x{}|body", i));
  }
  BOOST_TEST(w.upstream.requests() == 101U);
}

BOOST_AUTO_TEST_CASE(a_request_may_come_byte_by_byte) {
  world w;
  w.warm("1");
  const auto hit = ask_for("1");
  for (const auto& request :
       {hit, post("/x", "body"),
        hit.substr(0, hit.find("Content-Length")) + "Transfer-Encoding: chunked\r\n\r\n" +
            fmt::format("{:x};a=\"b\"\r\n{}\r\n0\r\nX: y\r\n\r\n", query("1").size(), query("1")),
        std::string("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
        std::string("POST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")}) {
    auto c = w.client();
    for (int i = 0; i < 3; ++i) {
      send_bytewise(c, request);
      const auto a = c.receive();
      BOOST_TEST((is_about(a, "1") || a.body == "/x|body" || a.body == "/y|"), a.head << a.body);
    }
  }
}

BOOST_AUTO_TEST_CASE(two_requests_may_be_split_anywhere) {
  world w;
  w.warm("1");
  w.warm("2");
  const auto check = [&](const std::string& first, const std::string& second, auto sound) {
    const auto both = first + second;
    auto c = w.client();
    c.socket().set_option(boost::asio::ip::tcp::no_delay(true));
    for (std::size_t at = 0; at <= both.size(); ++at) {
      c.send(both.substr(0, at));
      c.send(both.substr(at));
      const auto a = c.receive();
      const auto b = c.receive();
      BOOST_REQUIRE_MESSAGE(sound(a, b), "split at " << at << ": " << a.head << a.body << b.head << b.body);
    }
  };
  check(ask_for("1"), ask_for("2"), [](const auto& a, const auto& b) { return is_about(a, "1") && is_about(b, "2"); });
  check(ask_for("1"), post("/x", "body"),
        [](const auto& a, const auto& b) { return is_about(a, "1") && b.body == "/x|body"; });
  check(post("/x", "body"), ask_for("2"),
        [](const auto& a, const auto& b) { return a.body == "/x|body" && is_about(b, "2"); });
}

BOOST_AUTO_TEST_CASE(a_connection_serves_a_thousand_requests) {
  world w;
  auto c = w.client();
  for (int i = 0; i < 1000; ++i) {
    if (i % 10 == 0)
      BOOST_REQUIRE_EQUAL(c.ask(post("/x", std::to_string(i))).body, "/x|" + std::to_string(i));
    else
      BOOST_REQUIRE(is_about(c.ask(ask_for("1")), "1"));
  }
  BOOST_TEST(metric(w.gateway.admin_port(), "rollcall_connections_accepted_total") == 1);
}

BOOST_AUTO_TEST_CASE(a_client_that_has_said_all_is_still_answered) {
  support::gate slow;
  counting_upstream upstream([&](const seen_request& r) {
    slow.pass();
    return counting_upstream::usual(r);
  });
  running_gateway gateway(upstream.url());
  raw_client miss(gateway.port());
  miss.send(ask_for("1"));
  miss.half_close();
  raw_client passed(gateway.port());
  passed.send(post("/x", "body"));
  passed.half_close();
  BOOST_TEST(upstream.wait_until([](const auto& u) { return u.requests() == 2; }));
  slow.open();
  BOOST_TEST(is_about(miss.receive(), "1"));
  BOOST_TEST(miss.is_closed());
  BOOST_TEST(passed.receive().body == "/x|body");
  BOOST_TEST(passed.is_closed());
  raw_client hits(gateway.port());
  hits.send(ask_for("1") + ask_for("1"));
  hits.half_close();
  BOOST_TEST(is_hit(hits.receive()));
  BOOST_TEST(is_hit(hits.receive()));
  BOOST_TEST(hits.is_closed());
}

BOOST_AUTO_TEST_CASE(head_is_answered_without_a_body) {
  counting_upstream upstream([](const seen_request& r) {
    const auto whole = support::http_answer("hello");
    return r.line.starts_with("HEAD") ? whole.substr(0, whole.size() - 5) : whole;
  });
  running_gateway gateway(upstream.url());
  raw_client c(gateway.port());
  for (const auto* path : {"/x", "/getChatRoomMember", "/x"}) {
    c.send(fmt::format("HEAD {} HTTP/1.1\r\nHost: a\r\n\r\n", path));
    const auto a = c.receive(true);
    BOOST_TEST(a.status == 200U);
    BOOST_TEST(a.field("Content-Length") == "5");
    BOOST_TEST(c.ask(post("/x", "body")).body == "hello"); // in step
  }
  c.send("HEAD /x HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n");
  BOOST_TEST(c.receive(true).status == 400U);
  BOOST_TEST(c.is_closed());
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_within_its_request_leaves_nothing_behind) {
  world w;
  for (const auto& request : {ask_for("1"), post("/x", "a body of some length")})
    for (const auto behind : {1U, 5U, 40U, 70U})
      for (int i = 0; i < 5; ++i)
        w.client().send(std::string_view(request).substr(0, request.size() - behind));
  const auto admin = w.gateway.admin_port();
  BOOST_TEST(eventually([&] { return metric(admin, "rollcall_connections_accepted_total") == 40; }));
  BOOST_TEST(eventually([&] { return metric(admin, "rollcall_connections") == 0; }));
  BOOST_TEST(eventually([&] { return metric(admin, "rollcall_background_tasks") == 0; }));
  BOOST_TEST(w.upstream.requests() == 0U);
  BOOST_TEST(is_about(w.client().ask(ask_for("1")), "1"));
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_before_its_answer_leaves_nothing_behind) {
  support::gate slow;
  counting_upstream upstream([&](const seen_request& r) {
    slow.pass();
    return counting_upstream::usual(r);
  });
  running_gateway gateway(upstream.url());
  for (int i = 0; i < 5; ++i) {
    raw_client(gateway.port()).send(ask_for(std::to_string(i)));
    raw_client(gateway.port()).send(post("/x", "body"));
  }
  BOOST_TEST(upstream.wait_until([](const auto& u) { return u.requests() == 10; }));
  slow.open();
  const auto admin = gateway.admin_port();
  BOOST_TEST(eventually([&] { return metric(admin, "rollcall_connections") == 0; }));
  BOOST_TEST(eventually([&] { return metric(admin, "rollcall_background_tasks") == 0; }));
  BOOST_TEST(is_hit(raw_client(gateway.port()).ask(ask_for("1"))));
}

// More than the kernel's buffers hold, before the client reads the first byte of it.
BOOST_AUTO_TEST_CASE(a_client_that_asks_long_before_it_reads_gets_everything_in_order) {
  counting_upstream upstream([](const seen_request& r) {
    static const std::string padding(700'000, 'x');
    return r.target() == "/getChatRoomMember" ? support::members_answer(r, padding)
                                              : support::http_answer(r.body + padding);
  });
  running_gateway gateway(upstream.url());
  for (const auto* room : {"a", "b"})
    BOOST_REQUIRE(is_about(raw_client(gateway.port()).ask(ask_for(room)), room));
  raw_client c(gateway.port());
  keep_window_small(c);
  std::string requests;
  for (int i = 0; i < 6; ++i) {
    if (i < 3)
      requests += post("/x", fmt::format("passed{}", i));
    for (int j = 0; j < 4; ++j)
      requests += ask_for("a") + ask_for("b");
    requests += ask_for(fmt::format("new{}", i));
  }
  c.send(requests);
  // The gateway is stuck in the middle, with answers of every kind still to come.
  BOOST_TEST(upstream.wait_until([](const auto& u) { return u.requests() >= 3; }));
  for (int i = 0; i < 6; ++i) {
    if (i < 3)
      BOOST_REQUIRE(c.receive().body.starts_with(fmt::format("passed{}x", i)));
    for (int j = 0; j < 4; ++j) {
      BOOST_REQUIRE(is_about(c.receive(), "a"));
      BOOST_REQUIRE(is_about(c.receive(), "b"));
    }
    BOOST_REQUIRE(is_about(c.receive(), fmt::format("new{}", i)));
  }
  for (int i = 0; i < 5; ++i) { // and the conversation goes on
    send_bytewise(c, ask_for("a"));
    BOOST_REQUIRE(is_about(c.receive(), "a"));
  }
}

BOOST_AUTO_TEST_CASE(a_slow_reader_gets_a_huge_answer_whole) {
  std::string huge;
  for (int i = 0; huge.size() < 12'000'000; ++i)
    huge += std::to_string(i);
  counting_upstream upstream([&](const seen_request&) { return support::http_answer(huge); });
  auto settings = running_gateway::settings_for(upstream.url());
  settings.upstream.timeout = 400ms; // the instance's pauses are its own; the client's are not its fault
  running_gateway gateway(settings);
  raw_client c(gateway.port());
  keep_window_small(c);
  c.send(post("/x", "body"));
  std::this_thread::sleep_for(1200ms); // a client that is busy elsewhere
  BOOST_TEST((c.receive().body == huge));
  BOOST_TEST((c.ask(post("/x", "body")).body == huge));
}

// Nagle's algorithm keeps the body back until the head is acknowledged, which the kernel puts off by 40 ms.
BOOST_AUTO_TEST_CASE(a_client_that_sends_head_and_body_apart_does_not_wait_for_acknowledgements) {
  world w;
  w.warm("1");
  for (const auto& request : {ask_for("1"), post("/x", "body")}) {
    auto c = w.client();
    const auto head = request.find("\r\n\r\n") + 4;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
      c.send(std::string_view(request).substr(0, head));
      c.send(std::string_view(request).substr(head));
      BOOST_REQUIRE_EQUAL(c.receive().status, 200U);
    }
    BOOST_TEST((std::chrono::steady_clock::now() - began) / 1ms < 1000);
  }
}

BOOST_AUTO_TEST_SUITE_END()
