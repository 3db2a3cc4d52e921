#include "rollcall/net/request_parser.hpp"

#include "heads.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(net_request_head)

namespace {

namespace http = boost::beast::http;
using rollcall::net::request_head;
using rollcall::net::request_parser;
using rollcall::test::shown;
using rollcall::test::verdict;
using rollcall::test::with_fields;
using rollcall::test::with_line;

/// A parser that has accepted `bytes`, which it keeps.
class parsed {
public:
  explicit parsed(std::string bytes) : bytes_(std::move(bytes)) {
    const auto sound = parser_.parse_head(bytes_);
    BOOST_REQUIRE_MESSAGE(sound.has_value(), to_string(sound.error()) << ": " << shown(bytes_));
  }
  const request_head* operator->() const { return &parser_.head(); }

private:
  std::string bytes_;
  request_parser parser_;
};

std::string target_of(std::string_view line) {
  return std::string(parsed(with_line(line))->target);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_bots_request_is_read) {
  const parsed head("POST /getChatRoomMember?x=1 HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: abc\r\n"
                    "X-Odd: 1\r\nContent-Length: 42\r\n\r\n");
  BOOST_TEST((head->method == http::verb::post));
  BOOST_TEST(head->method_text == "POST");
  BOOST_TEST(head->target == "/getChatRoomMember?x=1");
  BOOST_TEST(head->path() == "/getChatRoomMember");
  BOOST_TEST(head->has_query());
  BOOST_TEST(head->host == "localhost:8080");
  BOOST_TEST(head->version == 11);
  BOOST_TEST(head->content_length.value() == 42U);
  BOOST_TEST(!head->chunked);
  BOOST_TEST(head->has_body());
  BOOST_TEST(head->keep_alive);
  BOOST_TEST(!head->expects_continue);
  BOOST_REQUIRE_EQUAL(head->fields.size(), 4U);
  BOOST_TEST(head->fields[2].name == "X-Odd");
  BOOST_TEST(head->fields[2].value == "1");
  BOOST_REQUIRE(head->find(http::field::authorization) != nullptr);
  BOOST_TEST(head->find(http::field::authorization)->value == "abc");
  BOOST_TEST(head->find(http::field::accept) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_request_without_a_body_says_so) {
  const parsed head("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(!head->has_body());
  BOOST_TEST(!head->has_query());
  BOOST_TEST(!head->content_length.has_value());
  BOOST_TEST(!parsed(with_fields("Content-Length: 0\r\n"))->has_body());
}

BOOST_AUTO_TEST_CASE(chunked_is_accepted_in_every_legal_spelling) {
  for (const auto* fields :
       {"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: Chunked\r\n", "Transfer-Encoding: CHUNKED\r\n",
        "Transfer-Encoding:chunked\r\n", "Transfer-Encoding:  chunked \r\n", "Transfer-Encoding: \tchunked\t \r\n",
        "transfer-encoding: chunked\r\n", "TRANSFER-ENCODING: cHuNkEd\r\n"}) {
    const parsed head(with_fields(fields));
    BOOST_TEST(head->chunked, fields);
    BOOST_TEST(head->has_body(), fields);
  }
}

BOOST_AUTO_TEST_CASE(a_content_length_may_be_as_large_as_numbers_go) {
  BOOST_TEST(parsed(with_fields("Content-Length: 9223372036854775807\r\n"))->content_length.value() ==
             9223372036854775807U);
  BOOST_TEST(parsed(with_fields("content-length:\t 007 \r\n"))->content_length.value() == 7U);
}

BOOST_AUTO_TEST_CASE(white_space_around_values_is_dropped_and_within_them_kept) {
  const parsed head(with_fields("A:b\r\nC: \t d \te\t \r\nF:\r\nG: \t \r\nH: \"i, j\"\r\nK: \xc3\xa9\r\n"));
  const auto value = [&](std::string_view name) {
    return std::string(std::ranges::find(head->fields, name, &rollcall::net::field::name)->value);
  };
  BOOST_TEST(value("A") == "b");
  BOOST_TEST(value("C") == "d \te");
  BOOST_TEST(value("F") == "");
  BOOST_TEST(value("G") == "");
  BOOST_TEST(value("H") == "\"i, j\"");
  BOOST_TEST(value("K") == "\xc3\xa9");
}

BOOST_AUTO_TEST_CASE(long_names_and_values_are_kept_whole) {
  const std::string name(8000, 'n');
  const std::string value(8000, 'v');
  const parsed head(with_fields(name + ": " + value + "\r\n"));
  BOOST_TEST(head->fields[1].name == name);
  BOOST_TEST(head->fields[1].value == value);
}

BOOST_AUTO_TEST_CASE(methods_are_tokens_and_keep_their_case) {
  const parsed lower(with_line("post /x HTTP/1.1"));
  BOOST_TEST(lower->method_text == "post");
  BOOST_TEST((lower->method == http::verb::unknown)); // RFC 9110 section 9.1: methods are case-sensitive
  BOOST_TEST(parsed(with_line("M-SEARCH /x HTTP/1.1"))->method_text == "M-SEARCH");
  BOOST_TEST(parsed(with_line("A_B.C~1 /x HTTP/1.1"))->method_text == "A_B.C~1");
}

BOOST_AUTO_TEST_CASE(an_absolute_target_of_this_host_becomes_a_path) {
  BOOST_TEST(target_of("GET http://localhost/a/b?c=d HTTP/1.1") == "/a/b?c=d");
  BOOST_TEST(target_of("GET HTTP://LocalHost/a HTTP/1.1") == "/a");
  BOOST_TEST(target_of("GET http://localhost HTTP/1.1") == "/");
  BOOST_TEST(target_of("GET http://localhost/ HTTP/1.1") == "/");
  BOOST_TEST(target_of("GET http://localhost//a HTTP/1.1") == "//a");
  const parsed with_port("GET http://a:8080/x HTTP/1.1\r\nHost: a:8080\r\n\r\n");
  BOOST_TEST(with_port->target == "/x");
  const parsed v6("GET http://[::1]:8080/x HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
  BOOST_TEST(v6->target == "/x");
  const parsed old("GET http://a/x HTTP/1.0\r\nHost: a\r\n\r\n");
  BOOST_TEST(old->target == "/x");
}

BOOST_AUTO_TEST_CASE(paths_are_not_touched) {
  for (const auto* target : {"/", "//", "/a//b", "/../../etc", "/%2e%2e/%00", "/a;b=c", "/a?b?c", "/?", "/a|b", "/\\",
                             "/http://elsewhere/", "/\xe7\xbe\xa4"})
    BOOST_TEST(target_of(std::string("GET ") + target + " HTTP/1.1") == target);
  BOOST_TEST(target_of("OPTIONS * HTTP/1.1") == "*");
}

BOOST_AUTO_TEST_CASE(http_1_0_needs_no_host) {
  const parsed head("GET /x HTTP/1.0\r\n\r\n");
  BOOST_TEST(head->version == 10);
  BOOST_TEST(head->host == "");
}

BOOST_AUTO_TEST_CASE(the_connection_is_kept_as_the_client_wishes) {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    return parsed(fmt::format("GET / HTTP/{}\r\nHost: a\r\n{}\r\n", version, connection))->keep_alive;
  };
  BOOST_TEST(keeps("1.1", ""));
  BOOST_TEST(!keeps("1.1", "Connection: close\r\n"));
  BOOST_TEST(!keeps("1.1", "connection: Upgrade, CLOSE\r\n"));
  BOOST_TEST(!keeps("1.1", "Connection: x\r\nConnection: close\r\n"));
  BOOST_TEST(keeps("1.1", "Connection: closed\r\n"));
  BOOST_TEST(keeps("1.1", "Connection: keep-alive\r\n"));
  BOOST_TEST(!keeps("1.0", ""));
  BOOST_TEST(keeps("1.0", "Connection: keep-alive\r\n"));
  BOOST_TEST(keeps("1.0", "Connection: Keep-Alive\r\n"));
  BOOST_TEST(!keeps("1.0", "Connection: close\r\n"));
}

BOOST_AUTO_TEST_CASE(an_expectation_is_noticed) {
  BOOST_TEST(parsed(with_fields("Expect: 100-continue\r\n"))->expects_continue);
  BOOST_TEST(parsed(with_fields("expect: 100-Continue\r\n"))->expects_continue);
  BOOST_TEST(!parsed(with_fields("Expect: 200-ok\r\n"))->expects_continue);
}

BOOST_AUTO_TEST_CASE(an_upgrade_offer_is_an_ordinary_field) {
  const parsed head(with_fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAE\r\n"));
  BOOST_TEST(head->keep_alive);
  BOOST_TEST(head->fields.size() == 4U);
}

// Damages sound heads at random: whatever is accepted must still be one head, with one length.
BOOST_AUTO_TEST_CASE(a_damaged_head_is_refused_or_unambiguous) {
  std::mt19937 random(20240611);
  const std::string sound = with_fields("Content-Length: 12\r\nAccept: */*\r\nTransfer-Encodin: chunked\r\nX: y\r\n");
  constexpr std::string_view spice = "\r\n\t :,\0;1c\x7f\xff"
                                     "eg";
  unsigned accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = sound;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const auto at = random() % bytes.size();
      switch (random() % 3) {
      case 0:
        bytes[at] = spice[random() % spice.size()];
        break;
      case 1:
        bytes.insert(at, 1, spice[random() % spice.size()]);
        break;
      default:
        bytes.erase(at, 1);
      }
    }
    request_parser parser;
    if (!parser.parse_head(bytes))
      continue;
    ++accepted;
    const auto& head = parser.head();
    const auto lines = static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
    BOOST_REQUIRE_MESSAGE(head.fields.size() + 2 == lines, shown(bytes));
    BOOST_REQUIRE_MESSAGE(!(head.chunked && head.content_length), shown(bytes));
    for (const auto& f : head.fields) {
      BOOST_REQUIRE_MESSAGE(f.value.find_first_of(std::string_view("\0\r\n", 3)) == f.value.npos, shown(bytes));
      BOOST_REQUIRE_MESSAGE(f.name.find_first_of(" \t:\r\n") == f.name.npos, shown(bytes));
    }
  }
  BOOST_TEST(accepted > 1000U); // otherwise nothing was tried
}

BOOST_AUTO_TEST_SUITE_END()
