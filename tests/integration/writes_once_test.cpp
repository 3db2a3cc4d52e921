// A write that is passed through is delivered once at most, and is never answered with success when it was not
// delivered: against an instance that goes away at every possible byte.
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_upstream.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace {

using support::http_answer;
using support::in_chunks;
using support::raw_client;
using support::running_gateway;
using support::scripted_upstream;
using support::upstream_connection;

constexpr auto whole = std::numeric_limits<std::size_t>::max();

/// How a write travels, and what it meets.
struct course {
  bool chunked = false;
  bool kept = false;    // the connection has carried a request before
  bool watched = false; // it changes lists of members
  bool several = false; // there are other instances
  bool by_reset = false;
};

std::ostream& operator<<(std::ostream& out, const course& c) {
  return out << (c.chunked ? "chunked " : "") << (c.kept ? "kept " : "") << (c.watched ? "watched " : "")
             << (c.several ? "several " : "") << (c.by_reset ? "reset" : "closed");
}

std::string write_of(const course& c) {
  const std::string body = R"({"wId":"w-1","wcId":"x","chatroom":"1@chatroom"})";
  const std::string line = c.watched ? "POST /addChatRoomMember" : "POST /sendText";
  const auto head = line + " HTTP/1.1\r\nHost: localhost\r\n";
  if (c.chunked)
    return head + "Transfer-Encoding: chunked\r\n\r\n" + in_chunks(body, 9);
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// An instance that reads so many bytes of a write and sends so many of its answer, and then goes away.
struct leaving_instance {
  explicit leaving_instance(course how) : c(how) {}

  void play(upstream_connection& from) {
    if (c.kept && (!from.read() || !from.send(http_answer(200, "kept"))))
      return;
    if (reads == whole) {
      if (!from.read())
        return;
      ++delivered;
      from.send(std::string_view(answer).substr(0, sends));
    } else if (from.read_exactly(reads).size() < reads) {
      return;
    }
    if (c.by_reset)
      from.reset();
  }

  course c;
  std::string answer = http_answer(200, R"({"code":"1000"})");
  std::atomic<std::size_t> reads = whole;
  std::atomic<std::size_t> sends = 0;
  std::atomic<std::size_t> delivered = 0;
};

struct house {
  explicit house(const course& how) : instance(how), peer([this](upstream_connection& c) { instance.play(c); }) {
    auto settings = running_gateway::settings_for(peer.url());
    settings.server.threads = 1; // one pool of connections
    if (how.several) {
      settings.upstream.instances.front().wids = {"w-*"};
      settings.upstream.instances.push_back({other.url(), {}});
    }
    gateway.emplace(settings);
  }
  ~house() {
    gateway.reset();
    BOOST_TEST(peer.problems() == "");
    BOOST_TEST(other.connections() == 0U);
  }

  /// The write's answer; the connection that carries it is a new one, or has carried one request.
  support::raw_answer write() {
    // The gateway knows that the instance has left, or this would go to a connection that is about to end.
    BOOST_TEST(support::eventually(
        [this] { return support::metric(gateway->admin_port(), "rollcall_upstream_connections") == 0; }));
    raw_client client(gateway->port());
    if (instance.c.kept)
      BOOST_TEST(client.ask("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\n{\"wId\":\"w-0\"}").body ==
                 "kept");
    return client.ask(write_of(instance.c));
  }

  leaving_instance instance;
  scripted_upstream peer;
  scripted_upstream other{support::answering(http_answer(200, "other"))};
  std::optional<running_gateway> gateway;
};

template <class Check>
void on_every_course(Check check) {
  for (int bits = 0; bits < 32; ++bits) {
    const course c{.chunked = (bits & 1) != 0,
                   .kept = (bits & 2) != 0,
                   .watched = (bits & 4) != 0,
                   .several = (bits & 8) != 0,
                   .by_reset = (bits & 16) != 0};
    BOOST_TEST_CONTEXT(c) {
      house h(c);
      check(h);
    }
  }
}

/// The size of the write as it arrives.
std::size_t size_on_the_wire(house& h) {
  h.instance.reads = whole;
  h.instance.sends = h.instance.answer.size();
  BOOST_TEST(h.write().status == 200U);
  const auto raw = h.peer.raw(0);
  return raw.size() - raw.rfind("POST /");
}

BOOST_AUTO_TEST_SUITE(writes_once_suite)

BOOST_AUTO_TEST_CASE(a_write_that_the_instance_did_not_read_to_its_end_is_an_error) {
  on_every_course([](house& h) {
    const auto size = size_on_the_wire(h);
    BOOST_TEST(size > 100U);
    // A kept connection that ends before the write is on it may be replaced.
    const std::size_t least = h.instance.c.kept ? 1 : 0;
    for (std::size_t n = least; n < size; ++n) {
      h.instance.reads = n;
      const auto a = h.write();
      BOOST_TEST(a.status == 502U, "after " << n << " bytes: " << a.head << a.body);
      // Each write has had a connection of its own, and no second one.
      BOOST_TEST_REQUIRE(h.peer.connections() == n - least + 2);
    }
    BOOST_TEST(h.instance.delivered == 1U); // the one that was measured
  });
}

BOOST_AUTO_TEST_CASE(a_write_whose_answer_breaks_off_is_no_success_and_is_not_sent_again) {
  on_every_course([](house& h) {
    const auto size = h.instance.answer.size();
    for (std::size_t n = 0; n < size; ++n) {
      h.instance.sends = n;
      const auto a = h.write();
      // Either an error of ours, or an answer that visibly is not whole.
      BOOST_TEST((a.status == 502 || a.status == 0), "after " << n << " bytes: " << a.head << a.body);
      BOOST_TEST_REQUIRE(h.peer.connections() == n + 1);
      BOOST_TEST_REQUIRE(h.instance.delivered == n + 1);
    }
    h.instance.sends = size;
    BOOST_TEST(h.write().status == 200U);
    BOOST_TEST(h.instance.delivered == size + 1);
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
