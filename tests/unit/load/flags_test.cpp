#include "load/address.hpp"
#include "load/flags.hpp"
#include "load/replay.hpp"
#include "load/request_text.hpp"
#include "load/script.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace rollcall;
using namespace rollcall::load;

BOOST_AUTO_TEST_SUITE(given_by_users)

BOOST_AUTO_TEST_CASE(urls) {
  const auto plain = parse_url("http://127.0.0.1:8080");
  BOOST_REQUIRE(plain.has_value());
  BOOST_TEST(plain->host == "127.0.0.1");
  BOOST_TEST(plain->port == 8080);
  BOOST_TEST(plain->path == "/");
  const auto v6 = parse_url("http://[::1]/__stats");
  BOOST_REQUIRE(v6.has_value());
  BOOST_TEST(v6->host == "::1");
  BOOST_TEST(v6->authority() == "[::1]:80");
  BOOST_TEST(v6->path == "/__stats");
  for (const auto* const text : {"", "127.0.0.1:80", "https://a", "http://", "http://:80", "http://a:0",
                                 "http://a:99999", "http://a:8x", "http://::1", "http://a b", "http://a\r\nx"}) {
    BOOST_TEST(!parse_url(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(herds) {
  const auto both = parse_herd("every=250ms,askers=7");
  BOOST_REQUIRE(both.has_value());
  BOOST_TEST(both->every.count() == 250'000);
  BOOST_TEST(both->askers == 7U);
  BOOST_TEST(parse_herd("askers=7")->every.count() == 1'000'000);
  for (const auto* const text : {"every=1ms", "askers=0", "askers=x", "every", "often"}) {
    BOOST_TEST(!parse_herd(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(sizes_of_rooms) {
  BOOST_TEST(parse_members("4")->rooms.fixed == 4U);
  BOOST_TEST((parse_members("small")->rooms.how == standin::room_sizes::kind::small));
  BOOST_TEST(parse_members("4-100")->most == 100U);
  for (const auto* const text : {"", "x", "501", "9-4", "0-4", "4-501", "-4"}) {
    BOOST_TEST(!parse_members(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(events_of_a_script) {
  const auto read = read_event("250ms  kill -STOP 1");
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(read->at.count() == 250'000);
  BOOST_TEST(read->command == "kill -STOP 1");
  for (const auto* const text : {"", "5s", "5s ", "kill 1", "5 kill"}) {
    BOOST_TEST(!read_event(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(lines_of_an_access_log) {
  const auto list = read_log_line("2026-01-02T03:04:05.678+00:00 POST /getChatRoomMember 200 0.123ms memory "
                                  "0123456789abcdef:chatRoomId:bot%3A1:1@chatroom");
  BOOST_REQUIRE(list.has_value());
  BOOST_TEST(list->list);
  BOOST_TEST(list->token == "0123456789abcdef");
  BOOST_TEST(list->field == "chatRoomId");
  BOOST_TEST(list->w_id == "bot:1");
  BOOST_TEST(list->room == "1@chatroom");
  const auto bare = read_log_line("T POST /getChatRoomMember 200 0.1ms stored -:wcId:w1:1@chatroom");
  BOOST_REQUIRE(bare.has_value());
  BOOST_TEST(bare->token == "");
  const auto other = read_log_line("T GET /x 404 1.5ms passed -");
  BOOST_REQUIRE(other.has_value());
  BOOST_TEST(!other->list);
  BOOST_TEST(other->method == "GET");
  for (const auto* const text : {"", "T POST", "T POST x 200 0.1ms memory -", "T POST /x 200 0.1 memory -",
                                 "T POST /getChatRoomMember 200 0.1ms memory -:wcId:w1",
                                 "T POST /getChatRoomMember 200 0.1ms memory -:wcId:w%zz:1"}) {
    BOOST_TEST(!read_log_line(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(a_question_becomes_a_request) {
  plan p;
  p.targets = {*parse_url("http://a:81"), *parse_url("http://b")};
  p.gzip = true;
  const request_text requests(p);
  std::string bytes = "before ";
  requests.append(bytes, 1, {.path = "/getChatRoomMember", .token = "t", .body = "{}"});
  BOOST_TEST(bytes == "before POST /getChatRoomMember HTTP/1.1\r\nHost: b:80\r\nContent-Type: application/json\r\n"
                      "Accept-Encoding: gzip\r\nAuthorization: t\r\nContent-Length: 2\r\n\r\n{}");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
