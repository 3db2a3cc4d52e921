#include "rollcall/gateway/forwarding.hpp"
#include "rollcall/net/request_parser.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace rollcall::gateway;
namespace net = rollcall::net;
namespace http = boost::beast::http;
using rollcall::upstream::instance;

const instance there{.host = "10.0.0.7", .port = 18081, .base_path = ""};

// What becomes of a request head on its way, with the framing that passthrough chooses for a streamed body.
std::string forwarded(std::string_view text, const instance& to = there) {
  net::request_parser p;
  if (!p.parse_head(text))
    throw std::runtime_error("the head of the test is refused");
  body_framing framing{.chunked = p.head().chunked, .length = {}};
  if (p.head().content_length)
    framing.length = *p.head().content_length;
  std::string out;
  append_forwarded_head(out, p.head(), to, framing);
  // What is addressed later is the same.
  BOOST_TEST(unaddressed_head(p.head(), framing).addressed(to) == out);
  return out;
}

// ... of fields of a GET, behind its Host.
std::string forwarded_fields(std::string_view fields) {
  const auto text = forwarded(std::string("GET / HTTP/1.1\r\nHost: localhost:8080\r\n").append(fields).append("\r\n"));
  const std::string_view front = "GET / HTTP/1.1\r\nHost: 10.0.0.7:18081\r\n";
  BOOST_TEST_REQUIRE(text.starts_with(front));
  BOOST_TEST_REQUIRE(text.ends_with("\r\n\r\n"));
  return text.substr(front.size(), text.size() - front.size() - 2);
}

std::string relayed(const std::vector<std::pair<std::string, std::string>>& received) {
  std::vector<net::field> fields;
  for (const auto& [name, value] : received)
    fields.push_back({http::string_to_field(name), name, value});
  std::string text;
  append_relayed_fields(text, fields);
  return text;
}

BOOST_AUTO_TEST_SUITE(forwarding_suite)

BOOST_AUTO_TEST_CASE(method_and_target_stay_and_the_host_is_the_instances) {
  struct {
    std::string_view line;
    std::string_view expected;
  } const cases[] = {
      {"GET / HTTP/1.1", "GET / HTTP/1.1"},
      {"GET / HTTP/1.0", "GET / HTTP/1.1"},
      {"POST /sendText?x=1&y=%20&&z= HTTP/1.1", "POST /sendText?x=1&y=%20&&z= HTTP/1.1"},
      {"DELETE //a/../b/./%2e%2E HTTP/1.1", "DELETE //a/../b/./%2e%2E HTTP/1.1"},
      {"OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"},
      {"PROPFIND /x HTTP/1.1", "PROPFIND /x HTTP/1.1"},
      {"get / HTTP/1.1", "get / HTTP/1.1"}, // methods are case-sensitive: this is another one
      {"GET http://localhost:8080/abs?q HTTP/1.1", "GET /abs?q HTTP/1.1"},
      {"GET http://localhost:8080 HTTP/1.1", "GET / HTTP/1.1"},
  };
  for (const auto& c : cases)
    BOOST_TEST(forwarded(std::string(c.line).append("\r\nHost: localhost:8080\r\n\r\n")) ==
               std::string(c.expected).append("\r\nHost: 10.0.0.7:18081\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(the_base_path_comes_first) {
  const instance v6{.host = "::1", .port = 80, .base_path = "/v1/bots"};
  BOOST_TEST(forwarded("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", v6) ==
             "GET /v1/bots/a?b HTTP/1.1\r\nHost: [::1]\r\n\r\n");
  // This asks about the server as a whole, which no path does.
  BOOST_TEST(forwarded("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", v6) == "OPTIONS * HTTP/1.1\r\nHost: [::1]\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_request_without_a_host_gets_one) {
  BOOST_TEST(forwarded("GET / HTTP/1.0\r\n\r\n") == "GET / HTTP/1.1\r\nHost: 10.0.0.7:18081\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(end_to_end_fields_stay_as_they_came) {
  for (const std::string_view fields : {
           "Authorization: token-1\r\n",
           "aUTHORIZATION: Bearer a b c\r\n",
           "Authorization: a\r\nAuthorization: b\r\n", // which one counts is the instance's to say
           "Cookie: a=1\r\nCookie: b=2\r\ncookie: c=3\r\n",
           "Z: 1\r\nA: 2\r\nz: 3\r\n",
           "X-Empty: \r\n",
           "X-Odd: \"quoted, \\\" ; = \" \xe4\xbd\xa0 \x80\xff\r\n",
           "Accept-Encoding: gzip\r\nUser-Agent: okhttp/4.9\r\nX-Forwarded-For: 1.2.3.4\r\n",
           "Range: bytes=0-1\r\nIf-None-Match: \"x\"\r\nCache-Control: no-cache\r\n",
           "Content-Type: multipart/form-data; boundary=----x\r\nContent-Encoding: gzip\r\n",
           "Keep-Alive-Not: x\r\nConnections: y\r\nTEA: z\r\n",
       })
    BOOST_TEST(forwarded_fields(fields) == fields);
}

BOOST_AUTO_TEST_CASE(fields_of_the_connection_stay_behind) {
  for (const std::string_view fields : {
           "Connection: close\r\n",
           "connection: Keep-Alive\r\nKEEP-ALIVE: timeout=5\r\n",
           "Proxy-Connection: keep-alive\r\n",
           "TE: trailers, deflate\r\nConnection: TE\r\n",
           "TE: trailers\r\n",
           "Trailer: X-Checksum\r\n",
           "Upgrade: websocket\r\nConnection: Upgrade\r\nConnection: x-private\r\nX-Private: 1\r\n",
           // What Java's HttpClient sends with every first request.
           "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
           "Upgrade: h2c\r\n",
           "HTTP2-Settings: AAEAAEAA\r\n",
           "Proxy-Authorization: Basic eDp5\r\nProxy-Authenticate: Basic\r\n",
           "Expect: 100-continue\r\n", // was answered here
           "Connection: X-Hop , x-HIP,close\r\nX-HOP: 1\r\nx-hip: 2\r\n",
           "X-Hop: named later\r\nConnection: close\r\nConnection: x-hop\r\n",
           "Connection: Authorization\r\nAuthorization: for this hop\r\n",
       })
    BOOST_TEST(forwarded_fields(fields) == "");
  BOOST_TEST(forwarded_fields("A: 1\r\nConnection: x-hop, close\r\nB: 2\r\nX-Hop: 3\r\nX-Hop-2: 4\r\n") ==
             "A: 1\r\nB: 2\r\nX-Hop-2: 4\r\n");
}

// A Connection field cannot take away what we write ourselves.
BOOST_AUTO_TEST_CASE(the_framing_is_written_anew) {
  const std::string front = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string expected = "POST / HTTP/1.1\r\nHost: 10.0.0.7:18081\r\n";
  BOOST_TEST(forwarded(front + "\r\n") == expected + "\r\n");
  BOOST_TEST(forwarded(front + "content-length: 0\r\n\r\n") == expected + "Content-Length: 0\r\n\r\n");
  BOOST_TEST(forwarded(front + "CONTENT-LENGTH: 007\r\nA: 1\r\n\r\n") ==
             expected + "A: 1\r\nContent-Length: 7\r\n\r\n");
  BOOST_TEST(forwarded(front + "transfer-encoding: Chunked\r\nA: 1\r\n\r\n") ==
             expected + "A: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  BOOST_TEST(forwarded(front + "Connection: content-length, host\r\nContent-Length: 5\r\n\r\n") ==
             expected + "Content-Length: 5\r\n\r\n");
  BOOST_TEST(forwarded(front + "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n") ==
             expected + "Transfer-Encoding: chunked\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(an_answers_fields_go_back_as_they_came) {
  BOOST_TEST(relayed({{"Server", "Tomcat"},
                      {"set-cookie", "a=1; Path=/"},
                      {"Date", "Wed, 01 Jan 2025 12:00:00 GMT"},
                      {"Set-Cookie", "b=2"},
                      {"Content-Type", "application/json;charset=UTF-8"},
                      {"Content-Encoding", "gzip"},
                      {"X-Empty", ""},
                      {"Age", "3"},
                      {"Cache-Status", "other; hit"},
                      {"WWW-Authenticate", "Basic"}}) ==
             "Server: Tomcat\r\nset-cookie: a=1; Path=/\r\nDate: Wed, 01 Jan 2025 12:00:00 GMT\r\nSet-Cookie: b=2\r\n"
             "Content-Type: application/json;charset=UTF-8\r\nContent-Encoding: gzip\r\nX-Empty: \r\nAge: 3\r\n"
             "Cache-Status: other; hit\r\nWWW-Authenticate: Basic\r\n");
}

BOOST_AUTO_TEST_CASE(an_answers_connection_and_framing_stay_behind) {
  BOOST_TEST(relayed({{"Connection", "keep-alive, X-Hop"},
                      {"Keep-Alive", "timeout=20"},
                      {"x-hop", "1"},
                      {"Transfer-Encoding", "chunked"},
                      {"Content-Length", "5"},
                      {"Trailer", "X-Checksum"},
                      {"Upgrade", "h2c"},
                      {"Proxy-Authenticate", "Basic"},
                      {"A", "1"}}) == "A: 1\r\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
