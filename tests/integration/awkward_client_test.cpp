// Clients and instances that end something while something else of the same connection is still under way.
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_upstream.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <thread>
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

const std::string json_field = "Content-Type: application/json\r\n";

std::string request_for(std::string_view room) {
  return members_request(R"({"wId":"w","wcId":")" + std::string(room) + R"("})");
}

/// A list of 1 MiB: ten of them are more than the buffers of two sockets take.
const std::string large = R"({"code":"1000","data":[")" + std::string(std::size_t{1} << 20, 'x') + R"("]})";

/// Answers lists with `large`; hangs, or closes with a reset, on everything else.
struct instance {
  explicit instance(bool resets)
      : peer([resets](upstream_connection& c) {
          if (c.read_head().starts_with("POST /getChatRoomMember "))
            c.send(http_answer(200, large, json_field + "Connection: close\r\n"));
          else if (resets)
            c.reset();
          else
            c.ignore();
        }) {}
  scripted_upstream peer;
};

/// A connection with that many hits on large lists asked for and not read, and the head of an upload behind them.
void ask_without_reading(raw_client& c, int hits, std::string_view upload) {
  std::string all;
  for (int i = 0; i < hits; ++i)
    all += request_for("1@chatroom");
  all += upload;
  c.send(all);
}

constexpr int many_hits = 10; // all are read in one go, and the last ones have to wait in the gateway

} // namespace

BOOST_AUTO_TEST_SUITE(awkward_clients)

BOOST_AUTO_TEST_CASE(answers_that_wait_for_the_client_survive_an_upload_that_fails_behind_them) {
  instance up(true);
  running_gateway g(up.peer.url());
  BOOST_TEST_REQUIRE(raw_client(g.port()).ask(request_for("1@chatroom")).status == 200u);
  raw_client c(g.port());
  ask_without_reading(c, many_hits,
                      "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
  BOOST_TEST_REQUIRE(eventually([&] { return up.peer.received("POST /upload") == 1; }));
  for (int i = 0; i < many_hits; ++i)
    BOOST_TEST_REQUIRE(c.receive().body == large);
  BOOST_TEST(c.receive().status == 502u);
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_its_answers_and_then_leaves_its_upload_hanging_is_given_up) {
  instance up(false);
  auto settings = running_gateway::settings_for(up.peer.url());
  settings.server.body_timeout = 300ms;
  running_gateway g(settings);
  BOOST_TEST_REQUIRE(raw_client(g.port()).ask(request_for("1@chatroom")).status == 200u);
  raw_client c(g.port());
  ask_without_reading(c, many_hits, "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  for (int i = 0; i < many_hits; ++i)
    BOOST_TEST_REQUIRE(c.receive().body == large);
  BOOST_TEST(c.rest() == "");
  BOOST_TEST(eventually([&] { return support::metric(g.admin_port(), "rollcall_connections") == 0; }));
}

BOOST_AUTO_TEST_CASE(a_client_that_is_gone_gives_its_place_back_while_its_answer_is_still_to_come) {
  instance up(false);
  auto settings = running_gateway::settings_for(up.peer.url());
  settings.server.max_connections = 4;
  settings.server.drain_timeout = 100ms; // the four calls hang to the end
  running_gateway g(settings);
  {
    std::deque<raw_client> gone;
    for (int i = 0; i < 4; ++i) {
      auto& c = gone.emplace_back(g.port());
      c.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
      c.socket().set_option(boost::asio::socket_base::linger(true, 0)); // so that its end is a reset
    }
    BOOST_TEST_REQUIRE(eventually([&] { return up.peer.received("GET /hang") == 4; }));
    for (auto& c : gone)
      c.socket().close(); // the destructor would undo the option
  }
  BOOST_TEST(eventually([&] { return raw_client(g.port()).ask(request_for("1@chatroom")).status == 200; }, 3s));
}

// Between one thread's look into memory and its flight, another's may have landed.
BOOST_AUTO_TEST_CASE(threads_that_race_for_many_lists_cost_one_call_each) {
  constexpr int rooms = 1500;
  const std::string answer = http_answer(200, R"({"code":"1000","data":[]})", json_field);
  scripted_upstream up([&](upstream_connection& c) {
    while (c.read())
      c.send(answer);
  });
  running_gateway g(up.url());
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> clients;
    for (int n = 0; n < 4; ++n)
      clients.emplace_back([&] {
        raw_client c(g.port());
        for (int room = 0; room < rooms; ++room)
          if (c.ask(request_for(std::to_string(room) + "@chatroom")).status != 200)
            ++wrong;
      });
  }
  BOOST_TEST(wrong == 0);
  BOOST_TEST(up.requests() == static_cast<std::size_t>(rooms));
}

BOOST_AUTO_TEST_SUITE_END()
