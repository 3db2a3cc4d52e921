// Many ask for one missing list at the same time: one call goes upstream, and everybody gets its answer.
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_upstream.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::http_answer;
using support::members_request;
using support::raw_client;
using support::running_gateway;
using support::scripted_upstream;
using support::upstream_connection;
using steady_clock = std::chrono::steady_clock;

const std::string json_field = "Content-Type: application/json\r\n";
const std::string good_body = R"({"message":"成功","code":"1000","data":[{"userName":"wxid_1"}]})";
const std::string failure = R"({"message":"失败","code":"1001","data":null})";
const std::string request = members_request(R"({"wId":"w","wcId":"1@chatroom"})");

/// An upstream that answers when the test says so, every request with the same bytes.
class held_upstream {
public:
  explicit held_upstream(std::string answer)
      : answer_(std::move(answer)), peer([this](upstream_connection& c) { play(c); }) {}
  ~held_upstream() { let_go(); }

  void let_go() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

private:
  void play(upstream_connection& c) {
    while (c.read()) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, 20s, [this] { return open_; });
      lock.unlock();
      c.send(answer_);
    }
  }
  std::string answer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;

public:
  scripted_upstream peer; // last: its threads use what is above
};

/// That many clients, each on a connection of its own, which have all asked.
std::deque<raw_client> askers(const running_gateway& g, std::size_t count) {
  std::deque<raw_client> clients;
  for (std::size_t i = 0; i < count; ++i)
    clients.emplace_back(g.port(), 20s).send(request);
  return clients;
}

} // namespace

BOOST_AUTO_TEST_SUITE(flights_through_a_gateway)

BOOST_AUTO_TEST_CASE(five_hundred_cold_askers_cost_one_call_and_are_told_at_once) {
  held_upstream up(http_answer(200, good_body, json_field));
  running_gateway g(up.peer.url());
  auto clients = askers(g, 500);
  BOOST_TEST_REQUIRE(eventually([&] { return support::metric(g.admin_port(), "rollcall_background_tasks") == 501; }));
  const auto released = steady_clock::now();
  up.let_go();
  std::map<std::string, int> seen;
  for (auto& c : clients) {
    const auto a = c.receive();
    BOOST_TEST_REQUIRE(a.status == 200u);
    BOOST_TEST_REQUIRE(a.body == good_body);
    ++seen[a.field("Cache-Status")];
  }
  const auto took = steady_clock::now() - released;
  BOOST_TEST((took < 1s), "the last was told after "
                              << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms");
  BOOST_TEST(up.peer.requests() == 1u);
  BOOST_TEST(seen["rollcall; fwd=miss; fwd-status=200; stored"] == 1);
  BOOST_TEST(seen["rollcall; fwd=miss; fwd-status=200; stored; collapsed"] == 499);
}

BOOST_AUTO_TEST_CASE(a_leader_that_leaves_takes_nobody_with_it) {
  held_upstream up(http_answer(200, good_body, json_field));
  running_gateway g(up.peer.url());
  {
    auto leader = askers(g, 1);
    BOOST_TEST_REQUIRE(eventually([&] { return up.peer.requests() == 1; }));
  }
  auto followers = askers(g, 20);
  up.let_go();
  for (auto& c : followers)
    BOOST_TEST(c.receive().body == good_body);
  BOOST_TEST(up.peer.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_to_all_who_waited_and_for_a_while_to_who_asks_next) {
  held_upstream up(http_answer(200, failure, json_field));
  running_gateway g(up.peer.url());
  auto clients = askers(g, 50);
  BOOST_TEST_REQUIRE(eventually([&] { return support::metric(g.admin_port(), "rollcall_background_tasks") == 51; }));
  up.let_go();
  for (auto& c : clients) {
    const auto a = c.receive();
    BOOST_TEST(a.body == failure);
    BOOST_TEST(a.field("Cache-Status").starts_with("rollcall; fwd=miss; fwd-status=200"));
  }
  BOOST_TEST(up.peer.requests() == 1u);
  const auto next = raw_client(g.port()).ask(request);
  BOOST_TEST(next.status == 200u);
  BOOST_TEST(next.body == failure);
  BOOST_TEST(next.field("Content-Type") == "application/json");
  BOOST_TEST(next.field("Cache-Status") == "rollcall; hit; detail=failure");
  const bool aged = next.field("Age") == "0" || next.field("Age") == "1";
  BOOST_TEST(aged, next.field("Age"));
  BOOST_TEST(up.peer.requests() == 1u);
}

BOOST_AUTO_TEST_CASE(a_failure_sticks_to_nobody_else) {
  held_upstream up(http_answer(200, failure, json_field));
  up.let_go();
  running_gateway g(up.peer.url());
  raw_client c(g.port());
  BOOST_TEST(c.ask(request).body == failure);
  std::size_t calls = 1;
  for (const auto& other :
       {members_request(R"({"wId":"w","wcId":"2@chatroom"})"), members_request(R"({"wId":"v","wcId":"1@chatroom"})"),
        members_request(R"({"wId":"w","chatRoomId":"1@chatroom"})"),
        members_request(R"({"wId":"w","wcId":"1@chatroom"})", "Authorization: a\r\n")}) {
    BOOST_TEST(c.ask(other).field("Cache-Status") == "rollcall; fwd=miss; fwd-status=200");
    BOOST_TEST(up.peer.requests() == ++calls);
  }
}

BOOST_AUTO_TEST_CASE(a_failure_is_forgotten_when_its_time_is_over) {
  held_upstream up(http_answer(200, failure, json_field));
  up.let_go();
  auto settings = running_gateway::settings_for(up.peer.url());
  settings.cache.failure = 100ms;
  running_gateway g(settings);
  raw_client c(g.port());
  const auto began = steady_clock::now();
  BOOST_TEST(c.ask(request).body == failure);
  support::raw_answer a;
  BOOST_TEST_REQUIRE(
      eventually([&] { return (a = c.ask(request)).field("Cache-Status").find("fwd=") != a.head.npos; }));
  BOOST_TEST((steady_clock::now() - began >= 99ms)); // the gateway counts whole milliseconds
  BOOST_TEST(a.body == failure);
  BOOST_TEST(a.field("Cache-Status") == "rollcall; fwd=miss; fwd-status=200");
  BOOST_TEST(up.peer.requests() == 2u, "the next one asks anew");
}

BOOST_AUTO_TEST_CASE(an_upstream_that_breaks_off_is_told_to_all_who_waited) {
  held_upstream up("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"mess");
  auto settings = running_gateway::settings_for(up.peer.url());
  settings.upstream.timeout = 500ms;
  running_gateway g(settings);
  auto clients = askers(g, 50);
  up.let_go();
  for (auto& c : clients) {
    const auto a = c.receive();
    BOOST_TEST(a.status == 504u);
    BOOST_TEST(a.body.starts_with(R"({"message": ")"));
  }
  BOOST_TEST(up.peer.requests() < 5u);
}

BOOST_AUTO_TEST_CASE(credentials_do_not_share_a_call) {
  held_upstream up(http_answer(200, good_body, json_field));
  running_gateway g(up.peer.url());
  raw_client a(g.port());
  raw_client b(g.port());
  a.send(members_request(R"({"wId":"w","wcId":"1@chatroom"})", "Authorization: a\r\n"));
  b.send(members_request(R"({"wId":"w","wcId":"1@chatroom"})", "Authorization: b\r\n"));
  BOOST_TEST(eventually([&] { return up.peer.requests() == 2; }));
  up.let_go();
  BOOST_TEST(a.receive().status == 200u);
  BOOST_TEST(b.receive().status == 200u);
}

BOOST_AUTO_TEST_CASE(a_drain_lets_the_waiting_have_their_answer) {
  held_upstream up(http_answer(200, good_body, json_field));
  running_gateway g(up.peer.url());
  auto clients = askers(g, 20);
  BOOST_TEST_REQUIRE(eventually([&] { return up.peer.requests() == 1; }));
  g->drain();
  up.let_go();
  for (auto& c : clients)
    BOOST_TEST(c.receive().body == good_body);
  const auto answered = steady_clock::now();
  g.stop();
  BOOST_TEST((steady_clock::now() - answered < 5s), "the deadlines of those who have their answer keep nobody waiting");
}

BOOST_AUTO_TEST_SUITE_END()
