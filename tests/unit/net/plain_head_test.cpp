// The quick recogniser of heads reads what it recognises as Beast's parser and the checks around it do.
#include "../../../src/net/plain_head.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using rollcall::net::recognise_plain_head;
using rollcall::net::request_head;
using rollcall::net::request_parser;
namespace http = rollcall::net::http;

bool recognised(std::string_view bytes) {
  request_head head;
  const auto size = recognise_plain_head(bytes, head);
  return size > 0 && size == bytes.size();
}

const std::string usual =
    "POST /getChatRoomMember HTTP/1.1\r\nHost: localhost:18080\r\nContent-Type: application/json\r\n"
    "Authorization: abc\r\ncontent-LENGTH: 76\r\nAccept-Encoding: gzip, deflate\r\n\r\n";

/// Both readings of a head: the quick one, and the one by Beast, forced by a method that the quick one leaves alone and
/// that means nothing else to the rest of the head.
void check_same(const std::string& bytes) {
  request_head quick;
  if (recognise_plain_head(bytes, quick) != bytes.size())
    return;
  const auto forced = "PUT" + bytes.substr(bytes.find(' '));
  request_parser beast;
  const auto parsed = beast.parse_head(forced);
  BOOST_TEST_REQUIRE(parsed.has_value(), bytes);
  const auto& slow = beast.head();
  BOOST_TEST(quick.target == slow.target, bytes);
  BOOST_TEST(quick.host == slow.host, bytes);
  BOOST_TEST(quick.version == slow.version);
  BOOST_TEST(quick.keep_alive == slow.keep_alive, bytes);
  BOOST_TEST(quick.chunked == slow.chunked);
  BOOST_TEST(quick.expects_continue == slow.expects_continue);
  BOOST_TEST((quick.content_length == slow.content_length), bytes);
  BOOST_TEST_REQUIRE(quick.fields.size() == slow.fields.size(), bytes);
  for (std::size_t i = 0; i < quick.fields.size(); ++i) {
    BOOST_TEST((quick.fields[i].id == slow.fields[i].id), bytes);
    BOOST_TEST(quick.fields[i].name == slow.fields[i].name, bytes);
    BOOST_TEST(quick.fields[i].value == slow.fields[i].value, bytes);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(plain_head)

BOOST_AUTO_TEST_CASE(what_clients_send_is_recognised) {
  request_head h;
  BOOST_TEST_REQUIRE(recognise_plain_head(usual, h) == usual.size());
  BOOST_TEST((h.method == http::verb::post));
  BOOST_TEST(h.method_text == "POST");
  BOOST_TEST(h.target == "/getChatRoomMember");
  BOOST_TEST(h.host == "localhost:18080");
  BOOST_TEST(*h.content_length == 76u);
  BOOST_TEST(h.keep_alive);
  BOOST_TEST(h.find(http::field::authorization)->value == "abc");
  BOOST_TEST(h.find(http::field::accept_encoding)->value == "gzip, deflate");
  for (const auto* head :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x?y=%20 HTTP/1.1\r\nhost:a\r\nConnection: Keep-Alive\r\n\r\n",
        "POST /x HTTP/1.1\r\nHOST: [::1]:80\r\nConnection: close\r\nX-Any: \x80\xff \t x \t \r\n\r\n"}) {
    BOOST_TEST(recognised(head), head);
    check_same(head);
  }
}

BOOST_AUTO_TEST_CASE(whatever_is_odd_is_left_to_others) {
  for (const auto* head : {
           "PUT / HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST / HTTP/1.0\r\nHost: a\r\n\r\n",
           "POST  / HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST /# HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST /\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST / HTTP/1.1\nHost: a\n\n",
           "POST / HTTP/1.1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a b\r\n\r\n",
           "POST / HTTP/1.1\r\nHost : a\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaa\x01"
           "aaaaaaaaa\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaa\x7f"
           "aaaaaaaaa\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nX@: a\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Secret\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: close\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\n\r\nx",
           "POST / HTTP/1.1\r\nHost: a\r\n",
           "",
       })
    BOOST_TEST(!recognised(head), head);
  std::string many = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 0; i < request_parser::fields_most; ++i)
    many += "X: y\r\n";
  BOOST_TEST(!recognised(many + "\r\n"));
}

BOOST_AUTO_TEST_CASE(names_are_known_in_every_case_and_only_whole) {
  for (const std::string_view name :
       {"Host", "Content-Length", "Content-Type", "Authorization", "Accept", "Accept-Encoding", "User-Agent",
        "Connection", "Cache-Control", "Accept-Language", "Pragma", "Cookie"})
    for (const auto& spelt : {std::string(name), std::string(name) + "s", std::string(name.substr(1))}) {
      const bool is_host = spelt == "Host";
      const std::string value = spelt == "Content-Length" ? "1" : spelt == "Connection" ? "close" : "v";
      std::string upper = spelt;
      for (auto& c : upper)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      for (const auto& each : {spelt, upper})
        check_same("POST / HTTP/1.1\r\n" + (is_host ? std::string() : "Host: a\r\n") + each + ": " + value +
                   "\r\n\r\n");
    }
}

// Heads made of what heads are made of, and spoilt: the two readings never differ where the quick one reads at all.
BOOST_AUTO_TEST_CASE(random_heads_are_read_alike) {
  std::mt19937 random(5);
  const auto pick = [&random](const auto& from) { return std::string(from[random() % from.size()]); };
  const std::array<std::string_view, 14> names{
      "Host",       "content-length", "Content-Type",  "AUTHORIZATION", "Accept",          "Accept-Encoding",
      "User-Agent", "Connection",     "Cache-Control", "Pragma",        "X-Forwarded-For", "Transfer-Encoding",
      "Cookie",     "Keep-Alive"};
  const std::array<std::string_view, 12> values{"a",
                                                "localhost:80",
                                                "76",
                                                "0",
                                                "close",
                                                "keep-alive",
                                                "gzip, br;q=0.1",
                                                "Mozilla/5.0 (X11; Linux x86_64) \"quoted\" \t tab",
                                                "no-cache, max-age=0",
                                                "\xe4\xb8\xad\xe6\x96\x87",
                                                "chunked",
                                                "x=1; y=2"};
  const std::array<std::string_view, 4> ends{"\r\n", "\r\n", "\r\n", " \r\n"};
  int both = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto head = (random() % 2 ? "POST /p" : "GET /p") + std::string(random() % 3, 'q') + " HTTP/1.1\r\nHost: h\r\n";
    for (auto n = random() % 6; n > 0; --n)
      head += pick(names) + ":" + std::string(random() % 3, ' ') + pick(values) + pick(ends);
    head += "\r\n";
    if (random() % 3 == 0)
      head[random() % head.size()] = static_cast<char>(random() % 256);
    check_same(head);
    both += recognised(head) ? 1 : 0;
  }
  BOOST_TEST(both > 2'000);
}

BOOST_AUTO_TEST_SUITE_END()
