// fetch() and its connections, against an instance that does what the test says.
#include "rollcall/upstream/fetch.hpp"

#include "support/run.hpp"
#include "support/scripted_upstream.hpp"

#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <expected>
#include <future>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rollcall::upstream {
std::ostream& operator<<(std::ostream& out, failure f) {
  return out << label_of(f);
}
} // namespace rollcall::upstream

namespace {

using namespace std::chrono_literals;
using namespace rollcall::upstream;
using support::answering;
using support::http_answer;
using support::in_chunks;
using support::scripted_upstream;
using support::upstream_connection;
namespace net = rollcall::net;
using answer = std::expected<fetched, failure>;

const fetch_request question{.path = "/getChatRoomMember", .credential = "token", .body = R"({"wId":"1","wcId":"2"})"};

/// A pool of connections to `address`. Proves at its end that nothing is left running.
class asking {
public:
  explicit asking(const std::string& url, const pool_options& options = {})
      : pool_(context_.get_executor(), edges_, parse_instance(url).value(), options) {
    edges_.start();
  }
  ~asking() {
    pool_.stop();
    edges_.stop();
    BOOST_CHECK_NO_THROW(support::drain(context_, 1s));
    BOOST_TEST(stats().open.get() == 0U);
    BOOST_TEST(stats().idle.get() == 0U);
  }
  asking(const asking&) = delete;
  asking& operator=(const asking&) = delete;

  answer fetch(std::chrono::milliseconds timeout = 5s, fetch_request r = question) {
    return support::run(context_, [&] { return rollcall::upstream::fetch(pool_, r, timeout); });
  }
  template <class P>
  void until(P condition) {
    support::run(context_, [&] { return support::until(condition); });
  }
  const pool_stats& stats() const { return pool_.stats(); }

private:
  net::asio::io_context context_;
  net::reactor edges_{context_.get_executor()};
  pool pool_;
};

std::string said(const answer& a) {
  return a ? a->body : std::string(label_of(a.error()));
}

/// First `answer` and whatever `after` does, on every further connection good answers: was the first one understood as
/// `expected`, and did the second question, which must go well, need a new connection?
void check_not_reused(std::string_view text, std::string_view expected, bool then_close = false) {
  BOOST_TEST_CONTEXT("after " << text.substr(0, 200)) {
    scripted_upstream peer([&](upstream_connection& c) {
      if (c.number() == 0 && c.read()) {
        c.send(text);
        if (then_close)
          return;
      }
      while (c.read())
        c.send(http_answer(200, "good"));
    });
    asking a(peer.url());
    BOOST_TEST(said(a.fetch(2s)) == expected);
    BOOST_TEST(said(a.fetch()) == "good");
    BOOST_TEST(peer.connections() == 2U);
    BOOST_TEST(peer.requests() == 2U);
  }
}

BOOST_AUTO_TEST_SUITE(upstream_suite)

BOOST_AUTO_TEST_CASE(the_request_on_the_wire_is_exactly_ours) {
  scripted_upstream peer(answering(http_answer(200, "{}")));
  asking plain(peer.url());
  BOOST_TEST(plain.fetch().has_value());
  BOOST_TEST(peer.raw(0) == "POST /getChatRoomMember HTTP/1.1\r\nHost: " + peer.authority() +
                                "\r\nContent-Type: application/json\r\nAuthorization: token\r\n"
                                "Content-Length: 22\r\n\r\n{\"wId\":\"1\",\"wcId\":\"2\"}");
  asking with_base(peer.url() + "/v1/");
  BOOST_TEST(with_base.fetch(1s, {"/x", std::nullopt, ""}).has_value());
  BOOST_TEST(peer.raw(1) == "POST /v1/x HTTP/1.1\r\nHost: " + peer.authority() +
                                "\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(an_answer_is_status_type_coding_and_body) {
  scripted_upstream peer(answering(http_answer(
      418, "\x01 tea\r\n", "content-type: text/x; y=z\r\nConnection: keep-alive\r\nCONTENT-ENCODING: br\r\n")));
  asking a(peer.url());
  const auto got = a.fetch();
  BOOST_TEST_REQUIRE(got.has_value());
  BOOST_TEST(got->status == 418U);
  BOOST_TEST(got->content_type == "text/x; y=z");
  BOOST_TEST(got->content_encoding == "br");
  BOOST_TEST(got->body == "\x01 tea\r\n");
  BOOST_TEST(got->body.capacity() >= got->body.size() + body_padding);
}

BOOST_AUTO_TEST_CASE(every_status_is_handed_on) {
  for (const unsigned status :
       {200U, 201U, 226U, 299U, 300U, 302U, 400U, 401U, 404U, 429U, 500U, 503U, 599U, 600U, 999U}) {
    scripted_upstream peer(answering(http_answer(status, "body")));
    asking a(peer.url());
    const auto got = a.fetch();
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST(got->status == status);
    BOOST_TEST(got->body == "body");
  }
}

BOOST_AUTO_TEST_CASE(answers_without_a_body_leave_the_connection_usable) {
  for (const std::string_view head :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"}) {
    scripted_upstream peer(answering(std::string(head)));
    asking a(peer.url());
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(said(a.fetch()) == "", head);
    BOOST_TEST(peer.connections() == 1U, head);
  }
}

BOOST_AUTO_TEST_CASE(connections_are_kept) {
  scripted_upstream peer(answering([n = 0](const auto&) mutable { return http_answer(200, std::to_string(n++)); }));
  asking a(peer.url());
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(said(a.fetch()) == std::to_string(i));
  BOOST_TEST(peer.connections() == 1U);
  BOOST_TEST(a.stats().connects.get() == 1U);
  BOOST_TEST(a.stats().reuses.get() == 19U);
  BOOST_TEST(a.stats().idle.get() == 1U);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_that_is_too_old_is_closed) {
  scripted_upstream peer(answering(http_answer(200, "x")));
  asking a(peer.url(), {.idle_for = 0ms});
  a.fetch();
  a.fetch();
  BOOST_TEST(peer.connections() == 2U);
  a.until([&] { return peer.closed() == 2; }); // by the sweep: nobody asks any more
}

BOOST_AUTO_TEST_CASE(a_connection_whose_answer_ends_it_is_not_kept) {
  for (const auto& [text, close] : std::initializer_list<std::pair<std::string, bool>>{
           {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast", false},
           {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlast\r\n0\r\n\r\n",
            false},
           {"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nlast", false},
           {"HTTP/1.1 200 OK\r\n\r\nlast", true},
           {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nlast", true}})
    check_not_reused(text, "last", close);
}

BOOST_AUTO_TEST_CASE(chunked_answers_are_put_together) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {head + "0\r\n\r\n", ""},
      {head + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
      {head + in_chunks("hello world", 1), "hello world"},
      {head + "00005;a=b;c=\"d\\\"\"\r\nhello\r\n0;last\r\n\r\n", "hello"},
      {head + "B\r\nhello world\r\n000\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", "hello world"},
      {head + "2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
      // Fields behind the body are not the answer's: they may not say what the body is (RFC 9110 section 6.5.1).
      {head + "2\r\nhi\r\n0\r\nContent-Encoding: gzip\r\nContent-Type: x/y\r\n\r\n", "hi"},
  };
  for (const auto& [text, body] : cases) {
    scripted_upstream peer([&](upstream_connection& c) {
      for (bool bytewise = false; c.read(); bytewise = true)
        if (!bytewise)
          c.send(text);
        else
          for (const char byte : text)
            c.send({&byte, 1});
    });
    asking a(peer.url());
    for (int i = 0; i < 2; ++i) {
      const auto got = a.fetch();
      BOOST_TEST(said(got) == body, text);
      BOOST_TEST_REQUIRE(got.has_value());
      BOOST_TEST(got->content_encoding == "");
      BOOST_TEST(got->content_type == "a/b");
    }
    BOOST_TEST(peer.connections() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(interim_answers_are_passed_over) {
  const std::string interim =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n"
      "HTTP/1.1 199 \r\n\r\n";
  scripted_upstream peer(answering(interim + interim + http_answer(200, "final")));
  asking a(peer.url());
  BOOST_TEST(said(a.fetch()) == "final");
  BOOST_TEST(said(a.fetch()) == "final");
  BOOST_TEST(peer.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_was_closed_meanwhile_is_not_used) {
  for (const bool by_reset : {false, true}) {
    scripted_upstream peer([&](upstream_connection& c) {
      while (c.read()) {
        c.send(http_answer(200, std::to_string(c.number())));
        if (c.number() == 0)
          return by_reset ? c.reset() : c.close();
      }
    });
    asking a(peer.url());
    BOOST_TEST(said(a.fetch()) == "0");
    a.until([&] { return peer.closed() == 1; });
    BOOST_TEST(said(a.fetch()) == "1");
    BOOST_TEST(a.stats().reuses.get() == 0U);
    BOOST_TEST(a.stats().stale.get() == 1U);
    BOOST_TEST(peer.requests() == 2U);
  }
}

// The peer's time-out and our request cross on the wire. The request is one that may be asked twice.
BOOST_AUTO_TEST_CASE(a_kept_connection_that_dies_with_the_request_on_it_is_replaced_once) {
  for (const bool by_reset : {false, true})
    for (const bool again : {false, true}) {
      scripted_upstream peer([&](upstream_connection& c) {
        for (std::size_t n = 0; c.read(); ++n) {
          if ((c.number() == 0 && n == 1) || (c.number() == 1 && again))
            return by_reset ? c.reset() : c.close();
          c.send(http_answer(200, std::to_string(c.number())));
        }
      });
      asking a(peer.url());
      BOOST_TEST(said(a.fetch()) == "0");
      BOOST_TEST(said(a.fetch()) == (again ? "unanswered" : "1"));
      BOOST_TEST(peer.requests() == 3U);
      BOOST_TEST(peer.connections() == 2U);
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_again_once_an_answer_has_begun_or_on_a_new_connection) {
  for (const std::string_view begun : {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}) {
    scripted_upstream peer([&](upstream_connection& c) {
      c.read();
      c.send(http_answer(200, "first"));
      c.read();
      c.send(begun);
    });
    asking a(peer.url());
    BOOST_TEST(said(a.fetch()) == "first");
    BOOST_TEST(said(a.fetch()) == "closed", begun);
    BOOST_TEST(peer.requests() == 2U);
  }
  scripted_upstream peer([](upstream_connection& c) { c.read(); });
  asking a(peer.url());
  BOOST_TEST(said(a.fetch()) == "unanswered");
  BOOST_TEST(peer.requests() == 1U);
}

// Each of these is a known way to make two readers see two different answers in the same bytes.
BOOST_AUTO_TEST_CASE(ambiguous_framing_is_malformed_and_ends_the_connection) {
  const std::string chunks = "5\r\nhello\r\n0\r\n\r\n";
  for (const std::string_view fields : {
           "Transfer-Encoding: gzip\r\n",
           "Transfer-Encoding: gzip\r\nContent-Length: 15\r\n",
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: chunked, gzip\r\n",
           "Transfer-Encoding: chunked, gzip\r\nContent-Length: 15\r\n",
           "Transfer-Encoding: chunked, chunked\r\n",
           "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
           "Transfer-Encoding: identity\r\nContent-Length: 15\r\n",
           "Transfer-Encoding: xchunked\r\nContent-Length: 15\r\n",
           "Transfer-Encoding: \"chunked\"\r\nContent-Length: 15\r\n",
           "Transfer-Encoding: chunked;x=y\r\nContent-Length: 15\r\n",
           "Transfer-Encoding:\r\nContent-Length: 15\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 15\r\n",
           "Content-Length: 15\r\nTransfer-Encoding: chunked\r\n",
           "Content-Length: 15\r\nContent-Length: 5\r\n",
           "Content-Length: 15\r\nContent-Length: 15\r\n",
           "Content-Length: 15, 5\r\n",
           "Content-Length: 15, 15\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: +15\r\n",
           "Content-Length: 0x0f\r\n",
           "Content-Length: 15 5\r\n",
           "Content-Length: 99999999999999999999999\r\n",
           "Content-Length:\r\n",
           "Content-Length : 15\r\n",
           "Transfer-Encoding : chunked\r\n",
           "Content-Length: 15\r\n folded: x\r\nX: \x01\r\n",
       })
    check_not_reused("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n" + chunks, "malformed");
  // HTTP/1.0 knows no transfer codings (RFC 9112 section 6.1).
  check_not_reused("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
                   "malformed");
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_malformed) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& text : {
           std::string("HTTP/2 200 OK\r\n\r\n"),
           std::string("HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"),
           std::string("ICY 200 OK\r\nContent-Length: 0\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
           std::string("\x15\x03\x01\x00\x02\x02\x46\r\n\r\n", 11),
           std::string("\r\n\r\n\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 28),
           "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'),
           "HTTP/1.1 200 OK\r\n" + std::string(100'000, 'x'),
           chunked + "\r\n",
           chunked + "g\r\n",
           chunked + "-5\r\nhello\r\n0\r\n\r\n",
           chunked + "5\r\nhelloX\r\n0\r\n\r\n",
           chunked + "5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n",
           chunked + "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
           chunked + "ffffffffffffffffff\r\n",
       })
    check_not_reused(text, "malformed");
}

// Neither may a chunk's extension or a trailer fill our memory, which have no length.
BOOST_AUTO_TEST_CASE(an_endless_line_is_given_up) {
  for (const std::string_view start : {"5;x=", "5\r\nhello\r\n0\r\nX: ", "0;x="}) {
    std::atomic<std::size_t> taken = 0;
    scripted_upstream peer([&](upstream_connection& c) {
      c.read();
      c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      c.send(start);
      const std::string more(64 * 1024, 'x');
      while (c.send(more) && taken < 256'000'000)
        taken += more.size();
    });
    asking a(peer.url());
    BOOST_TEST(said(a.fetch(5s)) == "malformed", start);
    a.until([&] { return peer.closed() == 1; });
    BOOST_TEST(taken < 64'000'000U);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_may_have_16_mebibytes_and_no_more) {
  const std::string most(fetch_most, 'm');
  const std::string more(fetch_most + 1, 'm');
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& text :
       {http_answer(200, most), chunked + in_chunks(most, 1'000'000), "HTTP/1.1 200 OK\r\n\r\n" + most}) {
    scripted_upstream peer([&](upstream_connection& c) {
      c.read();
      c.send(text);
    });
    asking a(peer.url());
    const auto got = a.fetch();
    BOOST_TEST((got && got->body == most), text.substr(0, 80));
  }
  for (const std::string& text :
       {http_answer(200, more), chunked + in_chunks(more, 1'000'000), "HTTP/1.1 200 OK\r\n\r\n" + more,
        chunked + "1000001\r\n", std::string("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n"),
        chunked + "7fffffffffffffff\r\n"})
    check_not_reused(text, "too-large");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_anywhere_is_no_answer) {
  const std::string body = R"({"code":"1000","data":[]})";
  for (const std::string& text :
       {http_answer(200, body, "Content-Type: application/json\r\n"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks(body, 7),
        "HTTP/1.1 100 Continue\r\n\r\n" + http_answer(404, ""),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n" + std::string("T: x\r\n\r\n")})
    for (const bool by_reset : {false, true}) {
      // Connection n gets n bytes.
      scripted_upstream peer([&](upstream_connection& c) {
        c.read();
        c.send(std::string_view(text).substr(0, c.number()));
        if (by_reset)
          c.reset();
      });
      asking a(peer.url());
      for (std::size_t n = 0; n < text.size(); ++n) {
        const auto got = a.fetch();
        BOOST_TEST_CONTEXT(n << " bytes of " << text) {
          BOOST_TEST_REQUIRE(!got.has_value());
          BOOST_TEST((got.error() == failure::closed || got.error() == failure::malformed || n == 0));
        }
      }
      BOOST_TEST(peer.connections() == text.size());
      if (!by_reset)
        BOOST_TEST(a.fetch().has_value());
    }
}

BOOST_AUTO_TEST_CASE(random_bytes_are_never_an_answer) {
  constexpr std::size_t rounds = 300;
  scripted_upstream peer([](upstream_connection& c) {
    std::minstd_rand random(static_cast<unsigned>(c.number() + 1));
    std::string text;
    // Half of them look like an answer until some point.
    if (c.number() % 2 == 0)
      text = http_answer(200, "hello").substr(0, random() % 40);
    for (auto n = random() % 200 + 40; n > 0; --n)
      text += static_cast<char>(random() >> 8);
    c.read();
    c.send(text);
  });
  asking a(peer.url());
  for (std::size_t i = 0; i < rounds; ++i)
    BOOST_TEST(!a.fetch(1s).has_value(), i);
  BOOST_TEST(peer.connections() == rounds);
}

// Bytes behind an answer belong to nobody; least of all are they the next one's answer.
BOOST_AUTO_TEST_CASE(what_follows_an_answer_never_becomes_anothers) {
  const std::string forged = http_answer(200, "forged");
  for (const std::string& text :
       {http_answer(200, "real") + forged, http_answer(200, "real") + "\r\n", http_answer(200, "real") + "H",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks("real", 2) + forged})
    check_not_reused(text, "real");
  check_not_reused("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "");
  check_not_reused("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "");

  // The same, but it comes by itself, after the answer was read.
  std::atomic<bool> answered = false;
  std::atomic<bool> forgery_sent = false;
  scripted_upstream peer([&](upstream_connection& c) {
    while (c.read()) {
      c.send(http_answer(200, "real"));
      while (c.number() == 0 && !answered && c.wait(1ms))
        ;
      if (c.number() == 0)
        forgery_sent = c.send(forged);
    }
  });
  asking a(peer.url());
  BOOST_TEST(said(a.fetch()) == "real");
  answered = true;
  a.until([&] { return forgery_sent.load(); });
  BOOST_TEST(said(a.fetch()) == "real");
  BOOST_TEST(peer.connections() == 2U);
  BOOST_TEST(a.stats().stale.get() == 1U);
}

BOOST_AUTO_TEST_CASE(a_refused_connection_is_unreachable) {
  scripted_upstream peer(answering(http_answer(200, "x")));
  peer.refuse();
  asking a(peer.url());
  BOOST_TEST(said(a.fetch()) == "unreachable");
  BOOST_TEST(a.stats().connect_failures.get() == 1U);
  asking nowhere("http://no-such-host.invalid:1");
  BOOST_TEST(said(nowhere.fetch()) == "unreachable");
}

/// A port whose queue of connections is full: the kernel leaves whoever connects without an answer.
class full_backlog {
public:
  full_backlog() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    BOOST_REQUIRE(::bind(listener_, generic(), size) == 0);
    BOOST_REQUIRE(::listen(listener_, 0) == 0);
    BOOST_REQUIRE(::getsockname(listener_, generic(), &size) == 0);
    for (bool full = false; !full;) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      ::connect(fd, generic(), sizeof address_);
      pollfd connected{.fd = fd, .events = POLLOUT, .revents = 0};
      full = ::poll(&connected, 1, 100) == 0;
      waiting_.push_back(fd);
      BOOST_REQUIRE(waiting_.size() < 20);
    }
  }
  ~full_backlog() {
    for (const int fd : waiting_)
      ::close(fd);
    ::close(listener_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

private:
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }
  int listener_;
  sockaddr_in address_{};
  std::vector<int> waiting_;
};

BOOST_AUTO_TEST_CASE(a_connection_that_is_not_accepted_ends_in_time) {
  const full_backlog silent;
  for (const auto& [connect, whole] :
       std::initializer_list<std::pair<std::chrono::milliseconds, std::chrono::milliseconds>>{{150ms, 5s},
                                                                                              {5s, 150ms}}) {
    asking a(silent.url(), {.connect_timeout = connect});
    const auto began = net::steady_clock::now();
    BOOST_TEST(said(a.fetch(whole)) == "connect-timed-out");
    const auto took = net::steady_clock::now() - began;
    BOOST_TEST((took >= 150ms && took < 2s));
  }
}

BOOST_AUTO_TEST_CASE(a_connection_that_had_more_time_before_ends_in_time) {
  scripted_upstream peer([](upstream_connection& c) {
    c.read();
    c.send(http_answer(200, "first"));
    c.ignore();
  });
  asking a(peer.url(), {.connect_timeout = 60s});
  BOOST_TEST(said(a.fetch(60s)) == "first");
  const auto began = net::steady_clock::now();
  BOOST_TEST(said(a.fetch(150ms)) == "timed-out");
  const auto took = net::steady_clock::now() - began;
  BOOST_TEST((took >= 150ms && took < 2s));
  BOOST_TEST(peer.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_whole_fetch_ends_in_time_however_lively_the_peer_is) {
  const std::string dribble = http_answer(200, std::string(500, 'x'));
  std::string interims;
  while (interims.size() < 256 * 1024)
    interims += "HTTP/1.1 102 Processing\r\n\r\n";
  const std::vector<scripted_upstream::script> scripts{
      [](upstream_connection& c) { c.ignore(); },
      [&](upstream_connection& c) {
        c.read();
        for (const char byte : dribble)
          if (!c.send({&byte, 1}) || !c.wait(20ms))
            return;
      },
      [&](upstream_connection& c) {
        c.read();
        c.send(dribble.substr(0, 100));
        while (c.send("x") && c.wait(50ms))
          ;
      },
      [&](upstream_connection& c) {
        c.read();
        while (c.send("HTTP/1.1 102 Processing\r\n\r\n") && c.wait(10ms))
          ;
      },
      [&](upstream_connection& c) { // faster than it is read
        c.read();
        while (c.send(interims))
          ;
      },
  };
  for (const auto& script : scripts) {
    scripted_upstream peer(script);
    asking a(peer.url());
    const auto began = net::steady_clock::now();
    BOOST_TEST(said(a.fetch(300ms)) == "timed-out");
    const auto took = net::steady_clock::now() - began;
    BOOST_TEST((took >= 300ms && took < 1500ms));
    BOOST_TEST(peer.connections() == 1U);
    BOOST_TEST(a.stats().idle.get() == 0U);
    a.until([&] { return peer.closed() == 1; }); // ours is closed too, not left behind
  }
}

// Two at once never share a connection, whoever is answered first.
BOOST_AUTO_TEST_CASE(requests_at_the_same_time_have_connections_of_their_own) {
  std::atomic<bool> first_may_go = false;
  scripted_upstream peer([&](upstream_connection& c) {
    while (const auto r = c.read()) {
      while (r->body == "slow" && !first_may_go && c.wait(1ms))
        ;
      c.send(http_answer(200, r->body));
    }
  });
  net::asio::io_context context;
  net::reactor edges(context.get_executor());
  edges.start();
  pool p(context.get_executor(), edges, parse_instance(peer.url()).value(), {});
  const auto ask = [&](std::string body) {
    return net::asio::co_spawn(context, fetch(p, {"/x", std::nullopt, std::move(body)}, 5s), net::asio::use_future);
  };
  auto slow = ask("slow");
  for (int i = 0; i < 5; ++i) {
    const auto body = "fast " + std::to_string(i);
    BOOST_TEST(said(support::run(context, [&] { return fetch(p, {"/x", std::nullopt, body}, 5s); })) == body);
  }
  first_may_go = true;
  support::run(context, [&] { return support::until([&] { return slow.wait_for(0s) == std::future_status::ready; }); });
  BOOST_TEST(said(slow.get()) == "slow");
  BOOST_TEST(peer.connections() == 2U);
  p.stop();
  edges.stop();
  support::drain(context, 1s);
}

BOOST_AUTO_TEST_CASE(stopping_ends_what_is_under_way) {
  scripted_upstream peer([](upstream_connection& c) { c.ignore(); });
  net::asio::io_context context;
  net::reactor edges(context.get_executor());
  edges.start();
  pool p(context.get_executor(), edges, parse_instance(peer.url()).value(), {});
  auto hanging = net::asio::co_spawn(context, fetch(p, question, 1h), net::asio::use_future);
  support::run(context, [&] { return support::until([&] { return peer.received("wcId") == 1; }); });
  p.stop();
  edges.stop();
  support::drain(context, 1s);
  BOOST_TEST(said(hanging.get()) == "closed");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
