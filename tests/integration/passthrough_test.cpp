// Everything that is not cached, through a whole gateway: what the upstream sees, and what comes back.
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_upstream.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::answering;
using support::http_answer;
using support::in_chunks;
using support::members_request;
using support::raw_client;
using support::received_request;
using support::running_gateway;
using support::scripted_upstream;
using support::upstream_connection;
using steady_clock = std::chrono::steady_clock;

/// An upstream that plays a script, and a gateway in front of it.
struct house {
  explicit house(scripted_upstream::script play, std::function<void(rollcall::ops::config&)> adjust = {})
      : upstream(std::move(play)), gateway(settings(adjust)) {}
  ~house() {
    gateway.stop();
    BOOST_TEST(upstream.problems() == "");
  }
  rollcall::ops::config settings(const std::function<void(rollcall::ops::config&)>& adjust) const {
    auto c = running_gateway::settings_for(upstream.url());
    if (adjust)
      adjust(c);
    return c;
  }
  raw_client client() const { return raw_client(gateway.port()); }

  scripted_upstream upstream;
  running_gateway gateway;
};

auto upstream_timeout(std::chrono::milliseconds t) {
  return [t](rollcall::ops::config& c) { c.upstream.timeout = t; };
}

std::string request(std::string_view line, std::string_view fields = {}) {
  return std::string(line).append(" HTTP/1.1\r\nHost: localhost\r\n").append(fields).append("\r\n");
}
std::string request(std::string_view line, std::string_view fields, std::string_view body) {
  return request(line, std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n").append(body);
}
const std::string chunked_field = "Transfer-Encoding: chunked\r\n";

/// Text in which every place is recognisable, so that a shift shows.
std::string pattern(std::size_t size, char salt) {
  std::string text;
  text.reserve(size + 16);
  while (text.size() < size)
    text.append(1, salt).append(std::to_string(text.size())).append(1, '\n');
  text.resize(size);
  return text;
}

void until(const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + 10s;
  while (!condition() && steady_clock::now() < end)
    std::this_thread::sleep_for(1ms);
  BOOST_TEST(condition());
}

void check_envelope(const support::raw_answer& a, unsigned status) {
  BOOST_TEST(a.status == status);
  BOOST_TEST(a.field("Content-Type").starts_with("application/json"));
  BOOST_TEST(a.body.starts_with(R"({"message": ")"), a.body);
  BOOST_TEST(a.body.ends_with(R"(", "code": "1001", "data": null})"), a.body);
}

BOOST_AUTO_TEST_SUITE(passthrough_suite)

BOOST_AUTO_TEST_CASE(methods_targets_and_bodies_arrive_as_they_were_sent) {
  house h(answering([](const received_request& r) { return http_answer(200, r.start_line() + "|" + r.body); }));
  auto client = h.client();
  for (const std::string_view line :
       {"GET /", "GET /getContact?wId=1&x=%20&&y=", "POST /sendText", "POST /a?b", "PUT /x//y/../z?", "DELETE /x",
        "OPTIONS *", "PATCH /%e4%bd%a0", "PROPFIND /x", "GET /getChatRoomMember", "PUT /getChatRoomMember",
        "POST /getChatRoomMember/", "POST /getchatroommember", "POST //getChatRoomMember"})
    for (const std::string_view body : {"", "{\"wId\":\"1\"}\r\n\r\n", "x"}) {
      const auto expected = std::string(line).append(" HTTP/1.1|").append(body);
      BOOST_TEST(client.ask(request(line, {}, body)).body == expected);
      BOOST_TEST(client.ask(request(line, chunked_field) + in_chunks(body, 4)).body == expected);
    }
  BOOST_TEST(client.ask(request("GET /bare")).body == "GET /bare HTTP/1.1|");
  BOOST_TEST(h.upstream.connections() == 1U); // all on one kept connection
}

BOOST_AUTO_TEST_CASE(fields_pass_both_ways) {
  house h(answering([](const received_request& r) {
    return http_answer(200, r.head,
                       "Server: Tomcat\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=2\r\nX-Odd: \xe4\xbd\xa0 \"; ,\r\n"
                       "Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=20\r\nX-Hop: 1\r\n"
                       "Content-Type: text/x; a=b\r\nDate: Wed, 01 Jan 2025 12:00:00 GMT\r\nAge: 9\r\n");
  }));
  auto client = h.client();
  const auto a = client.ask(request("POST /x",
                                    "Authorization: token\r\nCOOKIE: a=1\r\nCookie: b=2\r\nUser-Agent: Java/17\r\n"
                                    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA\r\n"
                                    "X-Forwarded-For: 10.1.2.3\r\nAccept-Encoding: gzip\r\nX-Empty:\r\n",
                                    "hi"));
  BOOST_TEST(a.body == "POST /x HTTP/1.1\r\nHost: " + h.upstream.authority() +
                           "\r\nAuthorization: token\r\nCOOKIE: a=1\r\nCookie: b=2\r\nUser-Agent: Java/17\r\n"
                           "X-Forwarded-For: 10.1.2.3\r\nAccept-Encoding: gzip\r\nX-Empty: \r\n"
                           "Content-Length: 2\r\n\r\n");
  BOOST_TEST(a.head ==
             "HTTP/1.1 200 Some Reason\r\nServer: Tomcat\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=2\r\n"
             "X-Odd: \xe4\xbd\xa0 \"; ,\r\nContent-Type: text/x; a=b\r\nDate: Wed, 01 Jan 2025 12:00:00 GMT\r\n"
             "Age: 9\r\nCache-Status: rollcall; fwd=bypass; fwd-status=200\r\nContent-Length: " +
                 std::to_string(a.body.size()) + "\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(every_status_passes_with_its_reason) {
  std::atomic<unsigned> status = 200;
  house h(answering([&](const received_request&) { return http_answer(status, "body"); }));
  auto client = h.client();
  for (const unsigned s : {200U, 201U, 202U, 206U, 226U, 300U, 301U, 302U, 307U, 400U, 401U, 403U, 404U,
                           409U, 418U, 429U, 451U, 500U, 501U, 502U, 503U, 504U, 599U, 600U, 999U}) {
    status = s;
    const auto a = client.ask(request("GET /"));
    BOOST_TEST(a.head.starts_with("HTTP/1.1 " + std::to_string(s) + " Some Reason\r\n"));
    BOOST_TEST(a.status == s);
    BOOST_TEST(a.body == "body");
  }
}

BOOST_AUTO_TEST_CASE(answers_without_a_body_have_none) {
  std::mutex mutex;
  std::string head;
  const auto answer = [&](std::string_view text) {
    const std::scoped_lock lock(mutex);
    head = text;
  };
  house h(answering([&](const received_request&) {
    const std::scoped_lock lock(mutex);
    return head + "\r\n";
  }));
  auto client = h.client();
  for (const std::string_view text : {"HTTP/1.1 204 No Content\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n",
                                      "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n"}) {
    answer(text);
    for (int i = 0; i < 2; ++i) {
      const auto a = client.ask(request("POST /x", {}, "hi"));
      BOOST_TEST(a.head.starts_with(text.substr(0, text.find("\r\n"))));
      BOOST_TEST(a.body == "");
      BOOST_TEST(a.field("Transfer-Encoding") == "");
    }
  }
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
  BOOST_TEST(client.ask(request("GET /")).field("Content-Length") == "0");
  // The length that a HEAD tells is that of the body which does not come.
  for (const std::string_view framing : {"Content-Length: 1234\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
    answer("HTTP/1.1 200 OK\r\nX-Head: yes\r\n" + std::string(framing));
    client.send(request("HEAD /x"));
    const auto a = client.receive(true);
    BOOST_TEST(a.status == 200U);
    BOOST_TEST(a.field("X-Head") == "yes");
    BOOST_TEST(a.field("Content-Length") == (framing.starts_with("Content-Length") ? "1234" : ""));
  }
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
  BOOST_TEST(client.ask(request("GET /after")).status == 200U); // nothing was left over on either connection
  BOOST_TEST(h.upstream.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(however_an_answer_ends_every_client_can_tell) {
  const std::string body = pattern(100'000, 'b');
  const std::string framings[] = {
      http_answer(200, body),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks(body, 7919),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0;x=y\r\n" + body + "\r\n0\r\nX-Sum: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n" + body,
      "HTTP/1.0 200 OK\r\n\r\n" + body,
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http_answer(200, body)};
  std::atomic<std::size_t> which = 0;
  house h([&](upstream_connection& c) {
    while (c.read()) {
      c.send(framings[which]);
      if (which == 3 || which == 4)
        return;
    }
  });
  for (which = 0; which < std::size(framings); ++which) {
    auto client = h.client();
    for (int i = 0; i < 2; ++i) {
      const auto a = client.ask(request("GET /"));
      BOOST_TEST(a.status == 200U);
      BOOST_TEST((a.body == body));
      BOOST_TEST(a.field("Connection") == "");
    }
    auto old = h.client();
    const auto a = old.ask("GET / HTTP/1.0\r\n\r\n");
    BOOST_TEST((a.body == body));
    BOOST_TEST(a.field("Transfer-Encoding") == "");
    BOOST_TEST(old.is_closed());
  }
}

BOOST_AUTO_TEST_CASE(a_member_request_that_may_depend_on_more_passes_byte_for_byte) {
  house h(answering([](const received_request& r) { return http_answer(200, r.start_line() + "|" + r.body); }));
  auto client = h.client();
  const std::string extra = " {\"wId\" : \"1\",\t\"wcId\":\"2@chatroom\", \"refresh\":true}\n";
  BOOST_TEST(client.ask(members_request(extra)).body == "POST /getChatRoomMember HTTP/1.1|" + extra);
  const std::string both = R"({"wId":"1","wcId":"2","chatRoomId":"2"})";
  BOOST_TEST(client.ask(members_request(both)).body == "POST /getChatRoomMember HTTP/1.1|" + both);

  const std::string usual = "{ \"wcId\": \"2\\u0040chatroom\", \"wId\": \"1\" }";
  const auto twice = client.ask(members_request(usual, "Authorization: a\r\nX: y\r\nAuthorization: b\r\n"));
  BOOST_TEST(twice.body == "POST /getChatRoomMember HTTP/1.1|" + usual);
  BOOST_TEST(h.upstream.received("Authorization: a\r\nX: y\r\nAuthorization: b\r\n") == 1U);
  BOOST_TEST(twice.field("Cache-Status") == "rollcall; fwd=bypass; fwd-status=200");
  // Sent in chunks it was put together before anybody knew; the bytes are the same.
  BOOST_TEST(client.ask(request("POST /getChatRoomMember", chunked_field) + in_chunks(extra, 3)).body ==
             "POST /getChatRoomMember HTTP/1.1|" + extra);
  for (int i = 0; i < 2; ++i) // nothing of it is ever stored
    BOOST_TEST(client.ask(request("POST /getChatRoomMember?v=2", {}, usual)).body ==
               "POST /getChatRoomMember?v=2 HTTP/1.1|" + usual);
  BOOST_TEST(h.upstream.requests() == 6U);
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_for_100_continue_gets_it) {
  house h(answering([](const received_request& r) { return http_answer(200, r.head + r.body); }));
  auto client = h.client();
  client.send(request("POST /upload", "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  BOOST_TEST(client.receive().status == 100U);
  client.send("hello");
  const auto a = client.receive();
  BOOST_TEST(a.status == 200U);
  BOOST_TEST(a.body.find("Expect") == std::string::npos);
  BOOST_TEST(a.body.ends_with("\r\n\r\nhello"));
}

// Both directions, in both framings, and both at once.
BOOST_AUTO_TEST_CASE(large_bodies_are_whole) {
  const std::string up = pattern(20'000'000, 'u');
  const std::string down = pattern(20'000'000, 'd');
  for (const bool chunked : {false, true}) {
    std::atomic<bool> arrived = false;
    house h([&](upstream_connection& c) {
      while (const auto r = c.read()) {
        arrived = r->body == up;
        c.send(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks(down, 100'000)
                       : http_answer(200, down));
      }
    });
    auto client = h.client();
    const auto a =
        client.ask(chunked ? request("POST /", chunked_field) + in_chunks(up, 77'777) : request("POST /", {}, up));
    BOOST_TEST(arrived.load());
    BOOST_TEST(a.status == 200U);
    BOOST_TEST((a.body == down));
  }
  // An instance that answers with what it reads, while it reads.
  house echo([&](upstream_connection& c) {
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20000000\r\n\r\n");
    for (std::size_t n = 0; n < up.size();) {
      const auto piece = c.read_some();
      if (piece.empty() || !c.send(piece))
        return;
      n += piece.size();
    }
  });
  auto client = echo.client();
  auto sending = std::async(std::launch::async, [&] { return client.send(request("POST /", {}, up)); });
  const auto a = client.receive();
  BOOST_TEST(sending.get());
  BOOST_TEST((a.body == up));
}

constexpr std::size_t much = 64'000'000;
constexpr std::size_t bounded = 16'000'000; // four socket buffers, which the kernel lets grow to 4 MiB and more

// Also: the pauses of a slow client are not held against the instance.
BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_stalls_the_upstream) {
  const std::string body = pattern(much, 's');
  std::promise<std::size_t> taken;
  house h(
      [&](upstream_connection& c) {
        c.small_buffers();
        c.read();
        c.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
        const auto n = c.send_until_stalled(body, 500ms);
        taken.set_value(n);
        c.send(std::string_view(body).substr(n));
        c.ignore();
      },
      upstream_timeout(200ms));
  auto client = h.client();
  client.socket().set_option(boost::asio::socket_base::receive_buffer_size(64 * 1024));
  client.send(request("GET /"));
  const auto n = taken.get_future().get();
  BOOST_TEST_MESSAGE("the upstream got rid of " << n << " bytes");
  BOOST_TEST(n < bounded);
  const auto a = client.receive();
  BOOST_TEST(a.status == 200U);
  BOOST_TEST((a.body == body));
}

BOOST_AUTO_TEST_CASE(an_upstream_that_does_not_read_stalls_the_client) {
  const std::string body = pattern(much, 'c');
  std::atomic<bool> may_read = false;
  std::atomic<bool> arrived = false;
  house h([&](upstream_connection& c) {
    c.small_buffers();
    while (!may_read && c.wait(1ms))
      ;
    const auto r = c.read();
    arrived = r && r->body == body;
    c.send(http_answer(200, "got it"));
  });
  for (const bool chunked : {false, true}) {
    may_read = arrived = false;
    auto client = h.client();
    client.socket().set_option(boost::asio::socket_base::send_buffer_size(64 * 1024));
    const auto text =
        chunked ? request("POST /", chunked_field) + in_chunks(body, 1'000'000) : request("POST /", {}, body);
    std::atomic<std::size_t> taken = 0;
    auto sending = std::async(std::launch::async, [&] {
      for (std::string_view rest = text; !rest.empty();
           rest.remove_prefix(std::min<std::size_t>(rest.size(), 10'000))) {
        if (!client.send(rest.substr(0, 10'000)))
          return;
        taken += 10'000;
      }
    });
    for (std::size_t before = 1, same = 0; same < 10; before = taken) { // 500 ms without progress
      std::this_thread::sleep_for(50ms);
      same = taken == before ? same + 1 : 0;
    }
    BOOST_TEST_MESSAGE("the client got rid of " << taken << " bytes");
    BOOST_TEST(taken < bounded);
    may_read = true;
    const auto a = client.receive();
    sending.get();
    BOOST_TEST(a.status == 200U);
    BOOST_TEST(arrived.load());
  }
}

// An instance that refuses an upload need not read it, and the client is told at once.
BOOST_AUTO_TEST_CASE(an_answer_before_the_end_of_the_request_is_passed_at_once) {
  const std::string refused = "HTTP/1.1 413 Too Large\r\n";
  for (const std::string& text : {refused + "Content-Length: 7\r\n\r\ntoo big",
                                  refused + "Transfer-Encoding: chunked\r\n\r\n" + in_chunks("too big", 3),
                                  refused + "Connection: close\r\n\r\ntoo big"})
    for (const bool chunked : {false, true}) {
      house h([&](upstream_connection& c) {
        c.read_head();
        c.send(text);
        if (text.find("close") == std::string::npos)
          c.wait(10s); // neither reads nor leaves
        else
          c.half_close(), c.wait(10s);
      });
      auto client = h.client();
      const auto began = steady_clock::now();
      const auto up = pattern(20'000'000, 'u');
      auto sending = std::async(std::launch::async, [&] {
        return client.send(chunked ? request("POST /", chunked_field) + in_chunks(up, 10'000)
                                   : request("POST /", {}, up));
      });
      const auto a = client.receive();
      BOOST_TEST(a.status == 413U, text);
      BOOST_TEST(a.body == "too big");
      BOOST_TEST(a.field("Connection") == "close");
      sending.get();
      BOOST_TEST((steady_clock::now() - began < 5s));
    }
}

// While the client is still sending slowly, and although nobody waits for the rest.
BOOST_AUTO_TEST_CASE(an_early_answer_ends_a_request_whose_client_dawdles) {
  house h([&](upstream_connection& c) {
    c.read_head();
    c.send(http_answer(403, "no"));
    c.ignore();
  });
  auto client = h.client();
  client.send(request("POST /", "Content-Length: 1000\r\n") + "the beginning");
  BOOST_TEST(client.receive().body == "no");
  BOOST_TEST(client.is_closed());
  until([&] { return h.upstream.closed() == 1; });
}

// A client with HTTP/1.0 knows an answer without a length by the connection's end alone.
support::raw_answer ask_with(const house& h, bool old, bool& reset) {
  auto client = h.client();
  client.send(old ? std::string("GET / HTTP/1.0\r\n\r\n") : request("GET /"));
  auto a = support::raw_answer{};
  if (!old)
    a = client.receive();
  else {
    char buffer[4096];
    ssize_t n;
    while ((n = ::recv(client.socket().native_handle(), buffer, sizeof buffer, 0)) > 0)
      a.head.append(buffer, static_cast<std::size_t>(n));
    reset = n < 0;
    const auto end = a.head.find("\r\n\r\n");
    if (end != std::string::npos) {
      a.status = static_cast<unsigned>(std::stoul(a.head.substr(9, 3)));
      a.body = a.head.substr(end + 4);
    }
  }
  return a;
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_anywhere_never_looks_whole) {
  for (const std::string& text : {http_answer(200, "hello world", "Content-Type: text/plain\r\n"),
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks("hello world", 4),
                                  "HTTP/1.1 100 Continue\r\n\r\n" + http_answer(404, "hello world")})
    for (const bool old : {false, true}) {
      std::atomic<std::size_t> bytes = 0;
      house h([&](upstream_connection& c) {
        c.read();
        c.send(std::string_view(text).substr(0, bytes));
      });
      const auto body_at =
          text.rfind("\r\n\r\nh") == std::string::npos ? text.find("\r\n\r\n4") + 4 : text.rfind("\r\n\r\nh") + 4;
      for (bytes = 0; bytes < text.size(); ++bytes) {
        bool reset = false;
        const auto a = ask_with(h, old, reset);
        BOOST_TEST_CONTEXT(bytes << " bytes of " << text << (old ? " for HTTP/1.0" : "")) {
          if (bytes < body_at)
            check_envelope(a, 502);
          else if (!old)
            BOOST_TEST(a.status == 0U);
          else
            BOOST_TEST((reset || a.body.size() < std::stoul("0" + a.field("Content-Length"))));
        }
      }
      BOOST_TEST(h.upstream.requests() == text.size());
    }
}

BOOST_AUTO_TEST_CASE(a_request_is_on_the_wire_once_whatever_happens) {
  for (const bool by_reset : {false, true})
    for (const std::string_view method : {"GET", "POST", "PUT", "DELETE"}) {
      house h([&](upstream_connection& c) {
        for (std::size_t n = 0; c.read(); ++n) {
          if (n == 1)
            return by_reset ? c.reset() : c.close();
          c.send(http_answer(200, "ok"));
        }
      });
      auto client = h.client();
      BOOST_TEST(client.ask(request(std::string(method) + " /first", {}, "1")).body == "ok");
      // The kept connection dies with this one on it, which may have been carried out.
      check_envelope(client.ask(request(std::string(method) + " /second", {}, "2")), 502);
      BOOST_TEST(h.upstream.received(" /second ") == 1U);
      BOOST_TEST(h.upstream.connections() == 1U);
      BOOST_TEST(client.ask(request(std::string(method) + " /third", {}, "3")).body == "ok");
    }
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_was_closed_meanwhile_costs_nobody_an_answer) {
  house h([](upstream_connection& c) {
    c.read();
    c.send(http_answer(200, "ok"));
  });
  auto client = h.client();
  for (std::size_t i = 1; i <= 5; ++i) {
    BOOST_TEST(client.ask(request("POST /", {}, "x")).body == "ok");
    until([&] { return h.upstream.closed() == i; });
  }
  BOOST_TEST(h.upstream.requests() == 5U);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_in_its_upload_leaves_an_incomplete_request) {
  for (const bool chunked : {false, true})
    for (const bool more : {false, true}) {
      std::promise<bool> whole;
      house h([&](upstream_connection& c) { whole.set_value(c.read().has_value()); });
      {
        auto client = h.client();
        client.send(chunked ? request("POST /", chunked_field) + "a\r\n0123456789\r\n"
                            : request("POST /", "Content-Length: 20\r\n") + "0123456789");
        until([&] { return h.upstream.received("0123456789") == 1; });
        if (more)
          client.send(chunked ? "5\r\nabc" : "abc");
      }
      BOOST_TEST(!whole.get_future().get());
      BOOST_TEST(h.upstream.received("\r\n0\r\n\r\n") == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_bad_chunk_is_refused_and_never_passed_on) {
  for (const std::string_view bad : {"x\r\n", "5\r\nhelloXX\r\n", "-1\r\n", "5;\x01\r\nhello\r\n", "\r\n",
                                     "0\r\nContent-Length: 5\r\n\r\n", "0\r\nno colon\r\n\r\n"}) {
    std::promise<bool> whole;
    house h([&](upstream_connection& c) { whole.set_value(c.read().has_value()); });
    auto client = h.client();
    client.send(request("POST /", chunked_field) + "5\r\nfirst\r\n");
    until([&] { return h.upstream.received("first") == 1; });
    const auto a = client.ask(bad);
    check_envelope(a, 400);
    BOOST_TEST(a.field("Connection") == "close");
    BOOST_TEST(!whole.get_future().get(), bad);
  }
}

BOOST_AUTO_TEST_CASE(an_upstream_that_hangs_is_a_504_in_time) {
  house h([](upstream_connection& c) { c.ignore(); }, upstream_timeout(200ms));
  for (const auto& text :
       {request("GET /"), request("POST /", {}, "small"), request("POST /", {}, std::string(100'000, 'x')),
        request("POST /", chunked_field) + in_chunks("chunks", 2), request("HEAD /")}) {
    auto client = h.client();
    const auto began = steady_clock::now();
    client.send(text);
    const auto a = client.receive(text.starts_with("HEAD"));
    const auto took = steady_clock::now() - began;
    BOOST_TEST((took >= 200ms && took < 2s));
    BOOST_TEST(a.status == 504U);
    BOOST_TEST(a.field("Cache-Status") == "rollcall; fwd=bypass; detail=timed-out");
    if (!text.starts_with("HEAD"))
      check_envelope(a, 504);
    BOOST_TEST(client.ask(request("GET /again")).status == 504U); // the client's connection is fine
  }
}

BOOST_AUTO_TEST_CASE(an_upstream_that_falls_silent_ends_the_answer_in_time) {
  house h(
      [](upstream_connection& c) {
        c.read();
        c.send(http_answer(200, "hello").substr(0, http_answer(200, "hello").size() - 2));
        c.ignore();
      },
      upstream_timeout(200ms));
  auto client = h.client();
  const auto began = steady_clock::now();
  const auto a = client.ask(request("GET /"));
  BOOST_TEST(a.status == 0U);
  BOOST_TEST((steady_clock::now() - began < 2s));
  until([&] { return h.upstream.closed() == 1; });
}

// The timer behind a deadline is not set anew for each exchange; it must not end one that has time left.
BOOST_AUTO_TEST_CASE(each_exchange_on_a_connection_has_all_its_time) {
  house h(
      [](upstream_connection& c) {
        while (c.read() && c.wait(1200ms))
          c.send(http_answer(200, "slow"));
      },
      upstream_timeout(2s));
  auto client = h.client();
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(client.ask(request("POST /", {}, "x")).body == "slow");
  BOOST_TEST(h.upstream.connections() == 1U);
}

// Nothing that has come waits for what has not: neither the head for the body, nor a piece for the next.
BOOST_AUTO_TEST_CASE(what_has_come_of_an_answer_is_passed_on_at_once) {
  for (const bool chunked : {false, true}) {
    std::atomic<int> may_send = 0;
    house h([&](upstream_connection& c) {
      auto then = [&, turn = 0](std::string_view text) mutable {
        while (may_send < turn && c.wait(1ms))
          ;
        ++turn;
        c.send(text);
      };
      c.read();
      then(std::string("HTTP/1.1 200 OK\r\nX-Head: yes\r\n") +
           (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: 6\r\n\r\n"));
      then(chunked ? "3\r\nabc\r\n" : "abc");
      then(chunked ? "3\r\ndef\r\n0\r\n\r\n" : "def");
      c.ignore();
    });
    auto client = h.client();
    client.send(request("GET /"));
    std::string got;
    for (const std::string_view awaited : {"\r\n\r\n", "abc", "def"}) {
      while (got.find(awaited) == std::string::npos) {
        char buffer[4096];
        const auto n = ::recv(client.socket().native_handle(), buffer, sizeof buffer, 0);
        BOOST_TEST_REQUIRE(n > 0, "waiting for " << awaited << " behind " << got);
        got.append(buffer, static_cast<std::size_t>(n));
      }
      ++may_send;
    }
    BOOST_TEST(got.find("X-Head: yes\r\n") != std::string::npos);
  }
}

// However long the client takes between its pieces, the instance is not to blame.
BOOST_AUTO_TEST_CASE(a_slow_upload_is_not_the_upstreams_fault) {
  house h(answering([](const received_request& r) { return http_answer(200, r.body); }), upstream_timeout(100ms));
  for (const bool chunked : {false, true}) {
    auto client = h.client();
    client.send(request("POST /", chunked ? chunked_field : "Content-Length: 3\r\n"));
    for (const std::string_view piece : {"a", "b", "c"}) {
      std::this_thread::sleep_for(150ms);
      client.send(chunked ? "1\r\n" + std::string(piece) + "\r\n" : std::string(piece));
    }
    if (chunked)
      client.send("0\r\n\r\n");
    BOOST_TEST(client.receive().body == "abc");
  }
}

BOOST_AUTO_TEST_CASE(an_upload_that_stalls_while_its_answer_flows_is_ended) {
  house h(
      [](upstream_connection& c) {
        c.read_head();
        c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        c.ignore();
      },
      [](rollcall::ops::config& c) { c.server.body_timeout = 200ms; });
  auto client = h.client();
  const auto began = steady_clock::now();
  BOOST_TEST(client.ask(request("POST /", "Content-Length: 100\r\n") + "a part").status == 0U);
  BOOST_TEST((steady_clock::now() - began < 5s));
  until([&] { return h.upstream.closed() == 1; });
}

// What is being sent while the answer breaks off is the client's memory.
BOOST_AUTO_TEST_CASE(an_answer_that_breaks_off_ends_an_upload_that_is_stuck) {
  const auto up = pattern(40'000'000, 'u');
  std::atomic<bool> sound = true;
  std::atomic<bool> may_read = false;
  house h([&](upstream_connection& c) {
    c.small_buffers();
    c.read_head();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    while (!may_read && c.wait(1ms))
      ;
    c.half_close();
    c.wait(50ms);
    std::string got;
    for (std::string piece; !(piece = c.read_some()).empty();)
      got += piece;
    sound = up.starts_with(got);
  });
  auto client = h.client();
  auto sending = std::async(std::launch::async, [&] { return client.send(request("POST /", {}, up)); });
  until([&] { return h.upstream.connections() == 1; });
  std::this_thread::sleep_for(300ms); // until all buffers are full
  may_read = true;
  BOOST_TEST(client.receive().status == 0U);
  BOOST_TEST(!sending.get());
  until([&] { return h.upstream.closed() == 1; });
  BOOST_TEST(sound.load());
}

BOOST_AUTO_TEST_CASE(an_upstream_that_refuses_is_a_502) {
  house h(answering(http_answer(200, "x")));
  h.upstream.refuse();
  for (const auto& text :
       {request("GET /"), request("POST /", {}, "x"), request("POST /", chunked_field) + in_chunks("chunks", 2)}) {
    auto client = h.client();
    const auto a = client.ask(text);
    check_envelope(a, 502);
    BOOST_TEST(a.field("Cache-Status") == "rollcall; fwd=bypass; detail=unreachable");
  }
}

BOOST_AUTO_TEST_CASE(lies_about_framing_are_a_502) {
  for (const std::string_view fields :
       {"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, gzip\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nX: \x01\r\n"}) {
    house h(answering("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n5\r\nhello\r\n0\r\n\r\n"));
    auto client = h.client();
    check_envelope(client.ask(request("GET /")), 502);
    check_envelope(client.ask(request("GET /")), 502);
    BOOST_TEST(h.upstream.connections() == 2U);
  }
  house h(answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"));
  auto client = h.client();
  check_envelope(client.ask(request("GET /", "Upgrade: h2c\r\nConnection: Upgrade\r\n")), 502);
}

BOOST_AUTO_TEST_CASE(what_follows_an_answer_never_reaches_another_client) {
  house h(
      [](upstream_connection& c) {
        while (const auto r = c.read())
          c.send(http_answer(200, r->target()) + http_answer(200, "forged"));
      },
      [](rollcall::ops::config& c) { c.server.threads = 1; });
  for (int i = 0; i < 20; ++i) {
    auto client = h.client();
    const auto path = "/" + std::to_string(i);
    BOOST_TEST(client.ask(request("GET " + path)).body == path);
    BOOST_TEST(client.ask(request("POST " + path, {}, "x")).body == path);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
