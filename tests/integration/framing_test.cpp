// Requests that two servers could understand differently, and odd ones that are legal, through a whole gateway: what
// the client gets, and what the upstream behind it sees.
#include "support/attacks.hpp"
#include "support/counting_upstream.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(framing)

namespace {

using namespace std::string_literals;
using support::attack;
using support::bad_chunks;
using support::bad_heads;
using support::chunk;
using support::in_chunks;
using support::line;
using support::raw_answer;
using support::raw_client;
using support::sound;
using support::with;

const std::string cached = "/getChatRoomMember";
const std::string passed = "/modifyGroupName";
const std::string body(support::attack_body);
const std::string canary = "POST /canary HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";

struct world {
  support::counting_upstream upstream;
  support::running_gateway gateway{upstream.url()};

  raw_client client() { return raw_client(gateway.port()); }
};

void check_refused(world& w, const std::vector<attack>& attacks) {
  for (const auto& a : attacks) {
    BOOST_TEST_CONTEXT(a.name) {
      auto c = w.client();
      c.send(a.bytes + canary);
      const auto got = c.receive();
      BOOST_TEST(got.status == a.status);
      BOOST_TEST(got.field("Connection") == "close");
      BOOST_TEST(got.field("Content-Type").starts_with("application/json"));
      BOOST_TEST(got.field("Date") != "");
      BOOST_TEST(got.body.starts_with(R"({"message": ")"), got.body);
      BOOST_TEST(got.body.ends_with(R"(", "code": "1001", "data": null})"), got.body);
      BOOST_TEST(c.is_closed(), "more than one answer, or none and still open");
    }
  }
}

/// A fresh connection works, and once everything has ended the upstream has seen nothing but that one request.
void check_unharmed(world& w, const std::string& path) {
  BOOST_TEST(w.client().ask(sound(path)).status == 200U);
  w.gateway.stop();
  w.upstream.stop();
  BOOST_TEST(w.upstream.requests() == 1U);
  for (const auto& r : w.upstream.seen()) {
    BOOST_TEST(r.target() == path);
    BOOST_TEST(r.body == body);
  }
}

/// The answer to a sound request, on a path: a list, or what the upstream echoes.
void check_accepted(const raw_answer& a, const std::string& path) {
  BOOST_TEST(a.status == 200U);
  BOOST_TEST(a.body.find(path == cached ? "'1@chatroom'" : path + "|" + body) != std::string::npos, a.head << a.body);
}

} // namespace

BOOST_AUTO_TEST_CASE(an_ambiguous_head_is_refused_on_the_cached_route) {
  world w;
  check_refused(w, bad_heads(cached));
  BOOST_TEST(w.upstream.requests() == 0U);
  BOOST_TEST(w.upstream.cut_off() == 0U);
  check_unharmed(w, cached);
}

BOOST_AUTO_TEST_CASE(an_ambiguous_head_is_refused_on_the_way_through) {
  world w;
  check_refused(w, bad_heads(passed));
  BOOST_TEST(w.upstream.requests() == 0U);
  BOOST_TEST(w.upstream.cut_off() == 0U);
  check_unharmed(w, passed);
}

BOOST_AUTO_TEST_CASE(bad_chunks_are_refused_on_the_cached_route) {
  world w;
  check_refused(w, bad_chunks(cached));
  BOOST_TEST(w.upstream.requests() == 0U);
  BOOST_TEST(w.upstream.cut_off() == 0U);
  check_unharmed(w, cached);
}

// Here the upstream may see the beginning of a request, and then the end of its connection.
BOOST_AUTO_TEST_CASE(bad_chunks_never_make_a_whole_request_for_the_upstream) {
  world w;
  check_refused(w, bad_chunks(passed));
  check_unharmed(w, passed);
  BOOST_TEST(w.upstream.cut_off() > 0U);
}

BOOST_AUTO_TEST_CASE(a_body_over_16_kib_is_refused_on_the_cached_route_only) {
  world w;
  const std::string blank(16 * 1024 - body.size(), ' ');
  std::string pieces;
  for (std::size_t i = 0; i < 17; ++i)
    pieces += chunk(std::string(1000, ' '));
  const auto with_length = [](std::string_view path, std::string_view text) {
    return fmt::format("{}Host: localhost\r\nContent-Length: {}\r\n\r\n{}", line(path), text.size(), text);
  };
  check_refused(w, {{"by its length", with_length(cached, body + blank + " "), 413},
                    {"by a length alone", with(cached, "Content-Length: 1000000000000\r\n"), 413},
                    {"by one chunk", in_chunks(cached, chunk(body + blank + " ") + "0\r\n\r\n"), 413},
                    {"by many chunks", in_chunks(cached, pieces + chunk(body) + "0\r\n\r\n"), 413}});
  BOOST_TEST(w.upstream.requests() == 0U);
  check_accepted(w.client().ask(with_length(cached, body + blank)), cached);
  check_accepted(w.client().ask(in_chunks(cached, chunk(body) + chunk(blank) + "0\r\n\r\n")), cached);
  const auto large = std::string(300'000, 'x');
  BOOST_TEST(w.client().ask(with_length(passed, large)).body == passed + "|" + large);
  BOOST_TEST(w.client().ask(in_chunks(passed, chunk(large) + "0\r\n\r\n")).body == passed + "|" + large);
}

BOOST_AUTO_TEST_CASE(legal_rarities_are_accepted) {
  world w;
  const auto length = fmt::format("Content-Length: {}\r\n", body.size());
  for (const auto& path : {cached, passed}) {
    auto c = w.client(); // one for all of them: each must leave the connection in order
    const auto check = [&](const char* what, std::string_view bytes) {
      BOOST_TEST_CONTEXT(what << " on " << path) {
        check_accepted(c.ask(bytes), path);
      }
    };
    check("empty lines before the request", "\r\n\r\n\r\n" + sound(path));
    check("the absolute form", with("http://localhost" + path, length));
    check("the absolute form in odd case", with("HTTP://LOCALHOST" + path, length));
    check("chunks", in_chunks(path, chunk(body) + "0\r\n\r\n"));
    check("chunks of one byte", in_chunks(path, [] {
            std::string chunks;
            for (const char each : body)
              chunks += chunk({&each, 1});
            return chunks + "000\r\n\r\n";
          }()));
    check("extensions and trailers",
          in_chunks(path, chunk(body.substr(0, 5), ";a;b=c;d=\"e;\\\"\"") + chunk(body.substr(5), " ; x") +
                              "0;y\r\nX-Sum: 1\r\nY:\r\n\r\n"));
    check("odd-case names",
          fmt::format("{}hOsT: localhost\r\ncontent-LENGTH: {}\r\n\r\n{}", line(path), body.size(), body));
    check("an odd-case coding",
          fmt::format("{}host:localhost\r\nTRANSFER-ENCODING:Chunked \r\n\r\n{}0\r\n\r\n", line(path), chunk(body)));
    check("white space around values",
          with(path, fmt::format("Content-Length: \t {} \t\r\nX: \t y \t\r\n", body.size())));
    check("empty values", with(path, length + "X:\r\nY: \r\nAccept:\r\n"));
    check("an offer to upgrade",
          with(path, length + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));
    auto large = sound(path);
    large.insert(large.size() - body.size() - 2,
                 "X: " + std::string(16 * 1024 - (large.size() - body.size()) - 5, 'a') + "\r\n");
    check("a head of 16 KiB", large);
  }
  for (const auto& r : w.upstream.seen())
    for (const auto* ours : {"Upgrade", "HTTP2-Settings", "X-Sum", "localhost"})
      BOOST_TEST(r.head.find(ours) == std::string::npos, r.head);
}

BOOST_AUTO_TEST_CASE(one_byte_more_than_a_head_may_have_is_too_much) {
  world w;
  for (const auto& path : {cached, passed}) {
    const auto without = sound(path).size() - body.size();
    const auto head_of = [&](std::size_t size) {
      auto bytes = sound(path);
      return bytes.insert(without - 2, "X: " + std::string(size - without - 5, 'a') + "\r\n");
    };
    check_accepted(w.client().ask(head_of(16 * 1024)), path);
    BOOST_TEST(w.client().ask(head_of(16 * 1024 + 1)).status == 431U);
  }
}

BOOST_AUTO_TEST_CASE(http_1_0_is_answered_and_closed) {
  world w;
  for (const auto& path : {cached, passed}) {
    auto c = w.client();
    const auto a = c.ask(fmt::format("POST {} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{}", path, body.size(), body));
    check_accepted(a, path);
    BOOST_TEST(a.field("Connection") == "close");
    BOOST_TEST(a.field("Transfer-Encoding") == "");
    BOOST_TEST(c.is_closed());
  }
}

BOOST_AUTO_TEST_CASE(http_1_0_is_kept_alive_when_it_asks_for_it) {
  world w;
  for (const auto& path : {cached, passed}) {
    auto c = w.client();
    for (int i = 0; i < 3; ++i) {
      const auto a = c.ask(fmt::format("POST {} HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: {}\r\n\r\n{}",
                                       path, body.size(), body));
      check_accepted(a, path);
      BOOST_TEST(a.field("Connection") == "keep-alive");
    }
  }
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_length_is_chunked_or_ends_with_the_connection) {
  support::counting_upstream upstream([](const support::seen_request&) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n"s;
  });
  support::running_gateway gateway(upstream.url());
  raw_client modern(gateway.port());
  for (int i = 0; i < 2; ++i) {
    const auto a = modern.ask(sound(passed));
    BOOST_TEST(a.body == "hello");
    BOOST_TEST(a.field("Transfer-Encoding") == "chunked");
  }
  raw_client old(gateway.port());
  const auto a = old.ask("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  BOOST_TEST(a.body == "hello");
  BOOST_TEST(a.field("Transfer-Encoding") == "");
  BOOST_TEST(a.field("Connection") == "close");
}

BOOST_AUTO_TEST_CASE(a_body_is_asked_for_when_the_client_waits_for_that) {
  world w;
  for (const auto& path : {cached, passed}) {
    auto c = w.client();
    for (const auto& framing :
         {fmt::format("Content-Length: {}\r\n", body.size()), "Transfer-Encoding: chunked\r\n"s}) {
      c.send(fmt::format("{}Host: localhost\r\nExpect: 100-continue\r\n{}\r\n", line(path), framing));
      BOOST_TEST(c.receive().status == 100U);
      check_accepted(c.ask(framing[0] == 'C' ? body : chunk(body) + "0\r\n\r\n"), path);
    }
    // It has come already: nobody needs to be asked.
    check_accepted(c.ask(with(path, fmt::format("Expect: 100-continue\r\nContent-Length: {}\r\n", body.size()))), path);
  }
  for (const auto& r : w.upstream.seen())
    BOOST_TEST(r.head.find("Expect") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_too_large_is_not_asked_for) {
  world w;
  auto c = w.client();
  c.send(line(cached) + "Host: localhost\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n");
  BOOST_TEST(c.receive().status == 413U);
  BOOST_TEST(c.is_closed());
}

BOOST_AUTO_TEST_SUITE_END()
