// Everything at once and at random, for as long as ROLLCALL_MIX_SECONDS says: made for the thread sanitizer, and for
// whatever only happens when two things meet.
#include "support/fleet.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::ask_for;
using support::changing_rooms;
using support::eventually;
using support::fleet;
using support::post_admin;
using support::raw_client;
using support::redis_server;
using steady_clock = std::chrono::steady_clock;

constexpr unsigned room_count = 12;

std::string room_of(std::uint_fast32_t n) {
  return fmt::format("{}@chatroom", n % room_count);
}

std::chrono::seconds duration() {
  const char* const wanted = std::getenv("ROLLCALL_MIX_SECONDS");
  return std::chrono::seconds(wanted ? std::max(1, std::atoi(wanted)) : 3);
}

struct findings {
  std::atomic<int> asked{0};
  std::atomic<int> wrong_room{0};
  std::atomic<int> from_the_future{0};
  std::atomic<int> odd_status{0};
  std::atomic<int> unanswered{0};
};

class bot {
public:
  bot(fleet& gateways, changing_rooms& rooms, findings& found, unsigned seed)
      : gateways_(gateways), rooms_(rooms), found_(found), random_(seed) {}

  void run(steady_clock::time_point until) {
    while (steady_clock::now() < until)
      act();
  }

private:
  void act() {
    const auto room = room_of(random_());
    auto& g = gateways_[random_() % gateways_.size()];
    switch (const auto dice = random_() % 100) {
    case 0:
      post_admin(g.admin_port(), "/purge", fmt::format(R"({{"wId":"w","wcId":"{}"}})", room));
      break;
    case 1:
      post_admin(g.admin_port(), "/purge", random_() % 2 ? R"({"wId":"w"})" : fmt::format(R"({{"wcId":"{}"}})", room));
      break;
    case 2:
      write(g, fmt::format(R"({{"wId":"w","chatRoomId":"{}","userList":"a"}})", room));
      break;
    case 3:
      post_admin(g.admin_port(), "/events",
                 fmt::format(R"({{"messageType":85008,"data":{{"wId":"w","fromGroup":"{}","newMsgId":{}}}}})", room,
                             random_() % 50));
      break;
    case 4:
      raw_client(g.port()).send(ask_for(room)); // and leaves
      break;
    case 5:
      rooms_.change(room);
      break;
    case 6:
      raw_client(g.admin_port()).ask("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      raw_client(g.admin_port()).ask("GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      break;
    case 7:
      ask(g, room, "Cache-Control: no-cache\r\n");
      break;
    case 8:
      ask(g, room, "Cache-Control: only-if-cached\r\n");
      break;
    case 9:
      ask(g, room, "Cache-Control: no-store\r\n");
      break;
    default:
      ask(g, room, dice % 2 ? "" : "Accept-Encoding: gzip\r\n");
    }
  }

  void write(support::running_gateway& g, const std::string& body) {
    const auto a = raw_client(g.port()).ask(
        fmt::format("POST /addChatRoomMember HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
    if (a.status != 200 && a.status != 500)
      ++found_.odd_status;
  }

  void ask(support::running_gateway& g, const std::string& room, std::string_view fields) {
    const auto a = raw_client(g.port()).ask(ask_for(room, fields));
    ++found_.asked;
    if (a.head.empty())
      ++found_.unanswered;
    else if (a.status != 200 && a.status / 100 != 5)
      ++found_.odd_status;
    if (a.status != 200)
      return;
    const auto edition = changing_rooms::edition_in(a.body);
    if (edition >= 0 && a.body.find('"' + room + '"') == std::string::npos)
      ++found_.wrong_room;
    if (edition > rooms_.edition(room))
      ++found_.from_the_future;
  }

  fleet& gateways_;
  changing_rooms& rooms_;
  findings& found_;
  std::mt19937 random_;
};

/// What goes wrong around the gateways.
void trouble(redis_server& redis, changing_rooms& rooms, steady_clock::time_point until) {
  std::mt19937 random(99);
  while (steady_clock::now() < until) {
    std::this_thread::sleep_for(20ms);
    switch (random() % 16) {
    case 0:
      redis.command({"FLUSHALL"});
      break;
    case 1:
      redis.command({"CLIENT", "KILL", "TYPE", "pubsub"});
      break;
    case 2:
      redis.command({"CLIENT", "KILL", "TYPE", "normal"});
      break;
    case 3:
      redis.command({"SCRIPT", "FLUSH"});
      break;
    case 4:
      redis.freeze();
      std::this_thread::sleep_for(30ms);
      redis.thaw();
      break;
    case 5:
      rooms.answers(support::http_answer("no", "500 Internal Server Error"));
      std::this_thread::sleep_for(30ms);
      rooms.answers("");
      break;
    case 6:
      rooms.answers(support::http_answer(R"({"message":"失败","code":"1001","data":null})"));
      std::this_thread::sleep_for(10ms);
      rooms.answers("");
      break;
    case 7:
      if (random() % 4 == 0)
        redis.restart();
      break;
    default:
      redis.command({"DEL", fmt::format("rollcall:{{-:wcId:w:{}}}", room_of(random()))});
    }
  }
}

constexpr unsigned lanes = 4;

void hectic(rollcall::ops::config& c) {
  c.server.threads = lanes;
  c.cache.fresh = 50ms;
  c.cache.stale_while_revalidate = 100ms;
  c.cache.failure = 10ms;
  c.cache.early_refresh = 1;
  c.redis.timeout = 50ms;
}

} // namespace

BOOST_AUTO_TEST_SUITE(mix)

BOOST_AUTO_TEST_CASE(everything_at_once) {
  redis_server redis;
  changing_rooms rooms(2ms);
  fleet gateways(2, rooms.url(), redis.url(), hectic);
  findings found;
  const auto until = steady_clock::now() + duration();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 6; ++i)
    threads.emplace_back([&, i] { bot(gateways, rooms, found, i).run(until); });
  trouble(redis, rooms, until); // here, because a redis-server ends with the thread that started it
  for (auto& t : threads)
    t.join();
  BOOST_TEST(found.asked > 100);
  BOOST_TEST(found.wrong_room == 0);
  BOOST_TEST(found.from_the_future == 0);
  BOOST_TEST(found.odd_status == 0);
  BOOST_TEST(found.unanswered == 0);

  // Once it is calm again, all come to agree on what is so.
  rooms.answers("");
  for (auto& g : gateways)
    BOOST_TEST_REQUIRE(fleet::in_step(*g, lanes));
  for (unsigned n = 0; n < room_count; ++n) {
    rooms.change(room_of(n));
    BOOST_TEST_REQUIRE(
        eventually([&] { return support::purge_at(gateways[0].admin_port(), room_of(n)).status == 200; }));
    for (auto& g : gateways)
      BOOST_TEST(eventually([&] {
        return changing_rooms::edition_in(raw_client(g->port()).ask(ask_for(room_of(n))).body) ==
               rooms.edition(room_of(n));
      }));
  }
}

BOOST_AUTO_TEST_SUITE_END()
