// Instances over https: real certificates, a real TLS server in front of scripted peers.
#include "support/certificates.hpp"
#include "support/counting_upstream.hpp"
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_upstream.hpp"
#include "support/tls_front.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;
using support::certificates;
using support::counting_upstream;
using support::members_request;
using support::raw_client;
using support::running_gateway;
using support::tls_front;

certificates& authority() {
  static certificates all;
  return all;
}
const certificates::pair& good() {
  static const auto one = authority().issue("good", "DNS:localhost,IP:127.0.0.1");
  return one;
}

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
}

rollcall::ops::config settings_for(const tls_front& front, std::string_view host = "127.0.0.1") {
  auto c = running_gateway::settings_for("https://" + std::string(host) + ":" + std::to_string(front.port()));
  c.server.threads = 1;
  c.upstream.ca = authority().ca();
  return c;
}

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

std::string room(int n) {
  return R"({"wId":"1","wcId":")" + std::to_string(n) + R"(@chatroom"})";
}

std::string pattern(std::size_t size) {
  std::string text;
  while (text.size() < size)
    text += std::to_string(text.size()) + "\n";
  text.resize(size);
  return text;
}

/// What is logged while it lives.
struct logged {
  logged() : before(spdlog::default_logger()) {
    auto log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
    log->set_pattern("%l %v");
    spdlog::set_default_logger(log);
  }
  ~logged() { spdlog::set_default_logger(before); }
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> before;
};

BOOST_AUTO_TEST_SUITE(tls_suite)

BOOST_AUTO_TEST_CASE(lists_and_writes_travel_over_tls_and_connections_are_kept) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const std::string_view host : {"127.0.0.1", "localhost"}) {
      counting_upstream plain;
      tls_front front(good(), port_of(plain.url()), version);
      const running_gateway g(settings_for(front, host));
      raw_client client(g.port());
      for (int i = 0; i < 20; ++i) {
        BOOST_TEST(client.ask(members_request(room(i))).status == 200U);
        BOOST_TEST(client.ask(post("/x", "hello")).body == "/x|hello");
      }
      BOOST_TEST(plain.requests() == 40U);
      BOOST_TEST(front.connections == 1);
      BOOST_TEST(plain.seen().front().head.find("\r\nHost: " + std::string(host) + ":" + std::to_string(front.port()) +
                                                "\r\n") != std::string::npos);
    }
}

// Records of 16 KiB do not fit what is read or written at a time; nothing may be lost, doubled or shifted.
BOOST_AUTO_TEST_CASE(large_bodies_pass_both_ways_unchanged) {
  const auto text = pattern(5'000'000);
  support::scripted_upstream plain(
      support::answering([](const support::received_request& r) { return support::http_answer(200, r.body); }));
  tls_front front(good(), plain.port());
  const running_gateway g(settings_for(front));
  for (const bool chunked : {false, true}) {
    raw_client client(g.port());
    std::thread sender([&] {
      client.send(chunked ? "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                support::in_chunks(text, 70'001)
                          : post("/x", text));
    });
    const auto a = client.receive();
    sender.join();
    BOOST_TEST(a.status == 200U);
    BOOST_TEST((a.body == text));
  }
}

BOOST_AUTO_TEST_CASE(a_session_is_resumed_by_the_next_connection) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    support::scripted_upstream plain([](support::upstream_connection& c) {
      c.read();
      c.send(support::http_answer(200, "once"));
      c.read(); // the next one dies
    });
    tls_front front(good(), plain.port(), version);
    const running_gateway g(settings_for(front));
    for (int i = 0; i < 6; ++i) {
      raw_client client(g.port());
      const auto a = client.ask(post("/x", "y"));
      BOOST_TEST((a.status == 200U || a.status == 502U));
    }
    BOOST_TEST(front.handshakes == 3);
    BOOST_TEST(front.resumed == 2);
  }
}

BOOST_AUTO_TEST_CASE(a_certificate_that_proves_nothing_is_refused_and_the_log_says_why) {
  certificates others;
  struct {
    certificates::pair proof;
    std::string_view why;
  } const cases[] = {
      {authority().issue("name", "DNS:other.example"), "IP address mismatch"},
      {authority().issue("past", "IP:127.0.0.1", -1), "certificate has expired"},
      {others.issue("untrusted", "IP:127.0.0.1"), "unable to get local issuer certificate"},
  };
  for (const auto& c : cases) {
    const logged log;
    counting_upstream plain;
    tls_front front(c.proof, port_of(plain.url()));
    {
      const running_gateway g(settings_for(front));
      raw_client client(g.port());
      for (int i = 0; i < 3; ++i) {
        const auto a = client.ask(post("/x", "secret"));
        BOOST_TEST(a.status == 502U);
        BOOST_TEST(a.field("Cache-Status") == "rollcall; fwd=bypass; detail=untrusted");
        BOOST_TEST(a.body.find("certificate is not accepted") != std::string::npos, a.body);
      }
      BOOST_TEST(client.ask(members_request(room(1))).status == 502U);
    }
    BOOST_TEST(plain.requests() == 0U);
    BOOST_TEST(front.handshakes == 0);
    const auto text = log.text.str();
    const auto line = "warning instance https://127.0.0.1:" + std::to_string(front.port()) + ": ";
    BOOST_TEST(text.find(line) != std::string::npos, text);
    BOOST_TEST(text.find(line) == text.rfind(line), text); // once
    BOOST_TEST(text.find(c.why) != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(the_name_is_proved_not_only_the_address) {
  counting_upstream plain;
  const auto address_only = authority().issue("address", "IP:127.0.0.1");
  tls_front front(address_only, port_of(plain.url()));
  const running_gateway by_name(settings_for(front, "localhost"));
  BOOST_TEST(raw_client(by_name.port()).ask(post("/x", "y")).status == 502U);
  const running_gateway by_address(settings_for(front));
  BOOST_TEST(raw_client(by_address.port()).ask(post("/x", "y")).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_speak_tls_is_an_error_in_time) {
  support::scripted_upstream talks([](support::upstream_connection& c) { c.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  support::scripted_upstream hangs([](support::upstream_connection& c) { c.ignore(); });
  support::scripted_upstream closes([](support::upstream_connection& c) { c.read_some(); });
  for (const auto& [peer, status] : {std::pair(&talks, 502U), {&hangs, 504U}, {&closes, 502U}}) {
    auto c = running_gateway::settings_for("https://" + peer->authority());
    c.upstream.ca = authority().ca();
    c.upstream.connect_timeout = 300ms;
    const running_gateway g(c);
    const auto began = std::chrono::steady_clock::now();
    BOOST_TEST(raw_client(g.port()).ask(post("/x", "y")).status == status);
    BOOST_TEST((std::chrono::steady_clock::now() - began < 2s));
  }
}

BOOST_AUTO_TEST_CASE(that_a_server_does_not_speak_tls_is_told_once) {
  support::scripted_upstream talks([](support::upstream_connection& c) { c.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const logged log;
  auto c = running_gateway::settings_for("https://" + talks.authority());
  c.upstream.ca = authority().ca();
  {
    const running_gateway g(c);
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(raw_client(g.port()).ask(post("/x", "y")).status == 502U);
  }
  const auto text = log.text.str();
  const auto line = "warning instance https://" + talks.authority() + ": ";
  BOOST_TEST(text.find(line) != std::string::npos, text);
  BOOST_TEST(text.find(line) == text.rfind(line), text);
}

// Somebody on the way may have cut it: without its announced end, an answer that ends with the connection is not whole.
BOOST_AUTO_TEST_CASE(an_answer_that_ends_with_the_connection_needs_an_announced_end) {
  for (const bool cut : {false, true}) {
    support::scripted_upstream plain([](support::upstream_connection& c) {
      c.read();
      c.send("HTTP/1.1 200 OK\r\n\r\nhello");
    });
    tls_front front(good(), plain.port());
    front.cuts_off = cut;
    const running_gateway g(settings_for(front));
    const auto a = raw_client(g.port()).ask(post("/x", "y"));
    if (cut)
      BOOST_TEST(a.status == 0U);
    else
      BOOST_TEST(a.body == "hello");
  }
}

BOOST_AUTO_TEST_CASE(a_write_over_tls_is_sent_once_however_its_connection_ends) {
  for (const bool cut : {false, true}) {
    support::scripted_upstream plain([](support::upstream_connection& c) {
      for (int n = 0; c.read() && n < 1; ++n)
        c.send(support::http_answer(200, "ok"));
    });
    tls_front front(good(), plain.port());
    front.cuts_off = cut;
    const running_gateway g(settings_for(front));
    raw_client client(g.port());
    BOOST_TEST(client.ask(post("/first", "1")).status == 200U);
    BOOST_TEST(client.ask(post("/second", "2")).status == 502U);
    BOOST_TEST(plain.received(" /second ") == 1U);
    BOOST_TEST(plain.connections() == 1U);
  }
}

// An idle connection hears of session tickets and of the end, and is judged right in both cases.
BOOST_AUTO_TEST_CASE(a_kept_connection_that_ended_meanwhile_costs_nobody_an_answer) {
  support::scripted_upstream plain([](support::upstream_connection& c) {
    c.read();
    c.send(support::http_answer(200, "ok"));
  });
  tls_front front(good(), plain.port());
  const running_gateway g(settings_for(front));
  raw_client client(g.port());
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(client.ask(post("/x", "y")).status == 200U);
    BOOST_TEST(support::eventually(
        [&] { return support::metric(g.admin_port(), R"(rollcall_upstream_connections)") == 0.0; }));
  }
}

BOOST_AUTO_TEST_CASE(authorities_that_are_not_there_stop_the_start) {
  auto c = running_gateway::settings_for("https://127.0.0.1:1");
  c.upstream.ca = "/nowhere/ca.pem";
  BOOST_CHECK_EXCEPTION(rollcall::gateway::check(c), rollcall::ops::config_error, [](const auto& e) {
    const std::string what = e.what();
    return what.starts_with("upstream.ca: ") && what.find("/nowhere/ca.pem") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
