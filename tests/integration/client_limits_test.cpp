// What a gateway puts up with from its clients: how slow they may be, and how many.
#include "support/counting_upstream.hpp"
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_limits)

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using support::counting_upstream;
using support::eventually;
using support::metric;
using support::raw_answer;
using support::raw_client;
using support::running_gateway;
using support::seen_request;

const std::string members = support::members_request(R"({"wId":"w","wcId":"1@chatroom"})");
const std::string passed = "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody";

bool is_members(const raw_answer& a) {
  return a.status == 200 && a.body.find("'1@chatroom'") != std::string::npos;
}
bool is_envelope(const raw_answer& a) {
  return a.body.starts_with(R"({"message": ")") && a.body.ends_with(R"(", "code": "1001", "data": null})");
}

/// A gateway that loses patience quickly with what `change` says.
struct world {
  template <class Change>
  explicit world(Change change, counting_upstream::script answer = counting_upstream::usual)
      : upstream(std::move(answer)), gateway([&] {
          auto settings = running_gateway::settings_for(upstream.url());
          change(settings.server);
          return settings;
        }()) {}

  raw_client client() { return raw_client(gateway.port()); }
  double value(std::string_view name) { return metric(gateway.admin_port(), name); }

  counting_upstream upstream;
  running_gateway gateway;
};

using server_settings = decltype(rollcall::ops::config{}.server);

} // namespace

BOOST_AUTO_TEST_CASE(a_head_that_does_not_come_is_given_up) {
  world w([](server_settings& s) { s.head_timeout = 300ms; });
  std::list<raw_client> slow;
  for (int i = 0; i < 20; ++i) {
    slow.emplace_back(w.gateway.port());
    slow.back().send(i % 2 == 0 ? members.substr(0, 30) : "P");
  }
  for (int i = 0; i < 5; ++i) // others are served meanwhile
    BOOST_TEST(is_members(w.client().ask(members)));
  for (auto& c : slow) {
    const auto a = c.receive();
    BOOST_TEST(a.status == 408U);
    BOOST_TEST(a.field("Connection") == "close");
    BOOST_TEST(is_envelope(a));
    BOOST_TEST(c.is_closed());
  }
  BOOST_TEST(w.value("rollcall_client_timeouts_total") == 20);
}

// A byte now and then does not help: the limit is on the head as a whole.
BOOST_AUTO_TEST_CASE(a_head_that_trickles_is_given_up) {
  world w([](server_settings& s) { s.head_timeout = 300ms; });
  auto c = w.client();
  const auto began = steady_clock::now();
  bool open = true;
  std::thread reader([&] { open = !c.rest().starts_with("HTTP/1.1 408 "); });
  while (w.value("rollcall_client_timeouts_total") == 0 && steady_clock::now() - began < 10s)
    c.send("P");
  reader.join();
  BOOST_TEST(!open);
  BOOST_TEST((steady_clock::now() - began) / 1ms < 5000);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed_without_a_word) {
  world w([](server_settings& s) { s.idle_timeout = 300ms; });
  auto silent = w.client();
  auto used = w.client();
  BOOST_TEST(is_members(used.ask(members)));
  auto blank = w.client();
  blank.send("\r\n\r\n");
  BOOST_TEST(silent.is_closed());
  BOOST_TEST(used.is_closed());
  BOOST_TEST(blank.is_closed());
  BOOST_TEST(w.value("rollcall_client_timeouts_total") == 0); // nobody was slow
}

BOOST_AUTO_TEST_CASE(a_body_that_does_not_come_is_given_up) {
  world w([](server_settings& s) { s.body_timeout = 300ms; });
  const auto chunks = [](std::string_view path) {
    return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", path);
  };
  for (const auto& begun : {members.substr(0, members.size() - 1), chunks("/getChatRoomMember")}) {
    auto c = w.client();
    const auto a = c.ask(begun);
    BOOST_TEST(a.status == 408U);
    BOOST_TEST(is_envelope(a));
    BOOST_TEST(c.is_closed());
  }
  BOOST_TEST(w.upstream.requests() == 0U);
  for (const auto& begun : {passed.substr(0, passed.size() - 1), chunks("/x")}) {
    auto c = w.client();
    c.send(begun);
    BOOST_TEST(c.receive().status != 200U); // an answer or none, as the request had got to
    BOOST_TEST(c.is_closed());
  }
  BOOST_TEST(w.value("rollcall_client_timeouts_total") == 4);
  BOOST_TEST(is_members(w.client().ask(members)));
  BOOST_TEST(w.upstream.requests() == 1U);
}

BOOST_AUTO_TEST_CASE(a_body_may_take_its_time_as_long_as_it_comes) {
  world w([](server_settings& s) { s.body_timeout = 700ms; });
  for (const auto& request : {members, passed}) {
    auto c = w.client();
    const auto end = request.size() - 4;
    c.send(request.substr(0, end));
    for (std::size_t i = end; i < request.size(); ++i) {
      std::this_thread::sleep_for(250ms); // 1 s in all
      c.send(request.substr(i, 1));
    }
    BOOST_TEST(c.receive().status == 200U);
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_take_its_answer_is_given_up) {
  world w([](server_settings& s) { s.write_timeout = 300ms; },
          [](const seen_request& r) {
            static const std::string huge(64'000'000, 'x');
            return r.target() == "/x" ? support::http_answer(huge)
                                      : support::members_answer(r, std::string(400'000, 'x'));
          });
  BOOST_TEST(is_members(w.client().ask(members)));
  auto one = w.client();
  one.send(passed);
  auto many = w.client();
  std::string requests;
  for (int i = 0; i < 60; ++i)
    requests += members;
  many.send(requests);
  while (w.value("rollcall_client_timeouts_total") < 2) // others are served meanwhile
    BOOST_REQUIRE(is_members(w.client().ask(members)));
  BOOST_TEST(one.receive().status == 0U); // what had left for it ends in the middle
  BOOST_TEST(eventually([&] { return w.value("rollcall_connections") == 0; }));
  BOOST_TEST(eventually([&] { return w.value("rollcall_background_tasks") == 0; }));
}

BOOST_AUTO_TEST_CASE(more_connections_than_allowed_are_turned_away) {
  world w([](server_settings& s) { s.max_connections = 3; });
  std::list<raw_client> held;
  for (int i = 0; i < 3; ++i) {
    held.emplace_back(w.gateway.port());
    BOOST_TEST(is_members(held.back().ask(members)));
  }
  for (int i = 0; i < 5; ++i) {
    auto c = w.client();
    if (i % 2 == 0)
      c.send(members);
    const auto a = c.receive();
    BOOST_TEST(a.status == 503U);
    BOOST_TEST(a.field("Connection") == "close");
    BOOST_TEST(is_envelope(a));
    BOOST_TEST(c.is_closed());
  }
  BOOST_TEST(w.value("rollcall_connections_refused_total") == 5);
  for (auto& c : held)
    BOOST_TEST(is_members(c.ask(members)));
  held.pop_front();
  BOOST_TEST(eventually([&] { return is_members(w.client().ask(members)); }));
}

namespace {

/// While it lives, this process can open no more file descriptors than `spare` gives back.
class no_descriptors {
public:
  no_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    for (int i = 0; i < 64; ++i) // fills the gaps below the highest one in use
      filling_.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto now = before_;
    now.rlim_cur = static_cast<rlim_t>(*std::ranges::max_element(filling_)) + 1;
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  void spare() {
    for (const int fd : filling_)
      ::close(fd);
    filling_.clear();
  }
  ~no_descriptors() {
    spare();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  no_descriptors(const no_descriptors&) = delete;
  no_descriptors& operator=(const no_descriptors&) = delete;

private:
  rlimit before_{};
  std::vector<int> filling_;
};

} // namespace

BOOST_AUTO_TEST_CASE(running_out_of_file_descriptors_is_survived) {
  world w([](server_settings&) {});
  auto held = w.client();
  BOOST_TEST(is_members(held.ask(members)));
  boost::asio::io_context io;
  std::list<boost::asio::ip::tcp::socket> waiting; // they have their descriptor already; the gateway's ends have none
  for (int i = 0; i < 4; ++i)
    waiting.emplace_back(io, boost::asio::ip::tcp::v4());
  {
    no_descriptors shortage;
    for (auto& s : waiting) {
      s.connect({boost::asio::ip::address_v4::loopback(), w.gateway.port()});
      boost::asio::write(s, boost::asio::buffer(members));
    }
    const auto until = steady_clock::now() + 500ms;
    while (steady_clock::now() < until)
      BOOST_REQUIRE(is_members(held.ask(members)));
    for (auto& s : waiting)
      BOOST_TEST(s.available() == 0U);
    shortage.spare();
    for (auto& s : waiting) {
      std::string answer(15, '\0');
      boost::asio::read(s, boost::asio::buffer(answer));
      BOOST_TEST(answer == "HTTP/1.1 200 OK");
    }
  }
  const auto failures = w.value("rollcall_accept_errors_total");
  BOOST_TEST(failures > 0);
  BOOST_TEST(failures < 50); // it pauses, and does not spin
}

BOOST_AUTO_TEST_SUITE_END()
