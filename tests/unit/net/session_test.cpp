// How many reads and writes an exchange takes: over a socket whose packets are the writes of its two ends.
#include "rollcall/net/session.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(net_session)

namespace {

namespace net = rollcall::net;

std::string whole(std::string_view body) {
  return fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
}

/// Answers with the request's body at once, or keeps the turn when the path is /later, or /pass, of whose body it takes
/// what has come.
struct echo final : net::service {
  net::body_plan plan(const net::request_head& head) override {
    return {.buffered = head.path() != "/pass", .limit = 1 << 20};
  }
  void serve(const net::request& r, net::exchange& x) override {
    if (r.head.path() == "/later")
      return turns.push_back(x.take());
    if (r.head.path() == "/pass") {
      turns.push_back(x.take());
      came = turns.back().arrived_body();
      return;
    }
    x.respond({.status = 200, .fields = {}, .rest = whole(r.body), .owner = nullptr});
  }
  std::string error_body(unsigned, std::string_view message) override { return std::string(message); }

  std::vector<net::turn> turns;
  std::string came;
};

std::string post(std::string_view path, std::string_view body) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", path, body.size(), body);
}

struct conversation {
  conversation() {
    edges.start();
    std::array<int, 2> ends{};
    BOOST_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()), 0);
    client = net::descriptor(ends[1]);
    BOOST_REQUIRE(place.take());
    const auto s = std::make_shared<net::session>(net::descriptor(ends[0]), context, &place);
    served = s;
    s->begin();
    settle();
  }
  ~conversation() {
    handler.turns.clear();
    if (const auto s = served.lock())
      s->close();
    edges.stop();
    settle();
    BOOST_TEST(context.stats.open.get() == 0U);
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  void send(std::string_view packet) {
    BOOST_REQUIRE_EQUAL(::send(client.get(), packet.data(), packet.size(), 0), std::ssize(packet));
    settle();
  }
  /// The answers of one write; "" when there was none.
  std::string receive() const {
    std::string packet(1 << 18, '\0');
    packet.resize(
        static_cast<std::size_t>(std::max<ssize_t>(0, ::recv(client.get(), packet.data(), packet.size(), 0))));
    return packet;
  }

  /// The set of buffers that the next connection would be lent.
  const net::session_buffers* kept_set() {
    auto b = context.stock.take();
    const auto* const set = b.get();
    context.stock.put_back(std::move(b));
    return set;
  }

  [[nodiscard]] bool is_closed() {
    const bool closed = place.take();
    if (closed)
      place.give_back();
    return closed;
  }

  net::asio::io_context io{1};
  net::connection_quota place{1}; // for the one session
  net::byte_budget bytes{std::size_t{1} << 20};
  net::reactor edges{io.get_executor()};
  echo handler;
  net::session_context context{.ex = io.get_executor(),
                               .limits = {},
                               .handler = handler,
                               .reactor = edges,
                               .bytes = bytes,
                               .stock = {},
                               .stats = {},
                               .date = {},
                               .drain_began = {}};
  net::descriptor client;
  std::weak_ptr<net::session> served;
};

std::size_t answers_in(std::string_view text) {
  std::size_t n = 0;
  for (auto at = text.find("HTTP/1.1 200"); at != std::string_view::npos; at = text.find("HTTP/1.1 200", at + 1))
    ++n;
  return n;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(an_answer_is_one_write, conversation) {
  send(post("/", "hello"));
  const auto answer = receive();
  BOOST_TEST(answers_in(answer) == 1U);
  BOOST_TEST(answer.ends_with("\r\n\r\nhello"));
  BOOST_TEST(receive() == "");
}

BOOST_FIXTURE_TEST_CASE(pipelined_requests_are_answered_in_one_write, conversation) {
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += post("/", fmt::format("number {:02}", i));
  send(all);
  const auto answers = receive();
  BOOST_TEST(answers_in(answers) == 50U);
  BOOST_TEST(answers.find("number 00") < answers.find("number 49"));
  BOOST_TEST(receive() == "");
}

BOOST_FIXTURE_TEST_CASE(what_waits_behind_a_late_answer_leaves_with_it, conversation) {
  send(post("/later", "a") + post("/", "b") + post("/", "c"));
  BOOST_TEST(receive() == "");
  const auto late = whole("late");
  handler.turns.front().respond({.status = 200, .fields = {}, .rest = late, .owner = nullptr});
  settle();
  BOOST_TEST(answers_in(receive()) == 3U);
  BOOST_TEST(receive() == "");
}

BOOST_FIXTURE_TEST_CASE(head_and_body_may_come_apart_at_any_byte, conversation) {
  const auto request = post("/", "body");
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    send(std::string_view(request).substr(0, cut));
    BOOST_REQUIRE_EQUAL(receive(), "");
    send(std::string_view(request).substr(cut));
    BOOST_REQUIRE_EQUAL(answers_in(receive()), 1U);
  }
}

BOOST_FIXTURE_TEST_CASE(its_buffers_go_back_while_it_waits, conversation) {
  send(post("/", "x")); // from now on the thread has a set
  BOOST_TEST(answers_in(receive()) == 1U);
  const auto* const set = kept_set();
  for (const auto* const path : {"/later", "/pass"}) {
    send(post(path, "x"));
    BOOST_TEST(kept_set() == set, path); // a service has the turn, and nothing is held for it
    const auto late = whole("late");
    handler.turns.back().respond({.status = 200, .fields = {}, .rest = late, .owner = nullptr});
    settle();
    BOOST_TEST(answers_in(receive()) == 1U);
  }
  BOOST_TEST(handler.came == "x");
}

BOOST_FIXTURE_TEST_CASE(what_came_behind_a_body_that_was_taken_is_kept, conversation) {
  send(post("/pass", "x") + post("/", "next"));
  BOOST_TEST(handler.came == "x");
  const auto late = whole("late");
  handler.turns.back().respond({.status = 200, .fields = {}, .rest = late, .owner = nullptr});
  settle();
  const auto answers = receive();
  BOOST_TEST(answers_in(answers) == 2U);
  BOOST_TEST(answers.ends_with("\r\n\r\nnext"));
}

BOOST_FIXTURE_TEST_CASE(a_client_that_hangs_up_ends_a_turn_at_once, conversation) {
  send(post("/later", "x"));
  BOOST_TEST(!is_closed());
  client.close();
  settle();
  BOOST_TEST(is_closed());
  BOOST_TEST(!served.expired()); // the turn keeps it
  handler.turns.clear();
  settle();
  BOOST_TEST(served.expired());
}

// The one edge tells of both, and there will be no other.
BOOST_FIXTURE_TEST_CASE(a_client_that_was_gone_before_its_request_was_read_is_noticed, conversation) {
  const auto request = post("/later", "x");
  BOOST_REQUIRE_EQUAL(::send(client.get(), request.data(), request.size(), 0), std::ssize(request));
  client.close();
  settle();
  BOOST_TEST(handler.turns.size() == 1U);
  BOOST_TEST(is_closed());
}

BOOST_FIXTURE_TEST_CASE(half_a_request_leaves_the_large_buffer_to_others, conversation) {
  const auto large_buffer = [this] {
    auto b = context.stock.take();
    const void* const where = b->in.prepare(1).data;
    context.stock.put_back(std::move(b));
    return where;
  };
  const auto* const before = large_buffer();
  send(post("/", "x").substr(0, 30));
  BOOST_TEST(large_buffer() == before);
}

BOOST_AUTO_TEST_SUITE_END()
