#include "rollcall/net/request_parser.hpp"

#include "heads.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(net_request_framing)

namespace {

using rollcall::net::framing_error;
using rollcall::test::check_refused;
using rollcall::test::verdict;
using rollcall::test::with_fields;
using rollcall::test::with_line;

} // namespace

BOOST_AUTO_TEST_CASE(a_content_length_is_one_plain_decimal_number) {
  const auto why = framing_error::bad_content_length;
  check_refused({
      {with_fields("Content-Length: 5\r\nContent-Length: 5\r\n"), why},
      {with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"), why},
      {with_fields("Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n"), why},
      {with_fields("Content-Length: 5, 5\r\n"), why},
      {with_fields("Content-Length: 5,5\r\n"), why},
      {with_fields("Content-Length: 5,\r\n"), why},
      {with_fields("Content-Length: ,5\r\n"), why},
      {with_fields("Content-Length: +5\r\n"), why},
      {with_fields("Content-Length: -5\r\n"), why},
      {with_fields("Content-Length: 0x5\r\n"), why},
      {with_fields("Content-Length: 5h\r\n"), why},
      {with_fields("Content-Length: 5.0\r\n"), why},
      {with_fields("Content-Length: 5e1\r\n"), why},
      {with_fields("Content-Length: 5 5\r\n"), why},
      {with_fields("Content-Length: \"5\"\r\n"), why},
      {with_fields("Content-Length: \xef\xbc\x95\r\n"), why}, // a full-width 5
      {with_fields("Content-Length:\r\n"), why},
      {with_fields("Content-Length: \r\n"), why},
      {with_fields("Content-Length: 18446744073709551615\r\n"), why},
      {with_fields("Content-Length: 18446744073709551616\r\n"), why},
      {with_fields("Content-Length: 18446744073709551621\r\n"), why}, // 5, for who forgets the carry
      {with_fields("Content-Length: 99999999999999999999999999999999\r\n"), why},
      {with_fields("Content-Length: " + std::string(200, '0') + "5\r\n"), why},
  });
}

BOOST_AUTO_TEST_CASE(a_transfer_coding_is_exactly_chunked) {
  const auto why = framing_error::coding_unsupported;
  check_refused({
      {with_fields("Transfer-Encoding: gzip\r\n"), why},
      {with_fields("Transfer-Encoding: chunked, gzip\r\n"), why},
      {with_fields("Transfer-Encoding: gzip, chunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunked, chunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunked,\r\n"), why},
      {with_fields("Transfer-Encoding: ,chunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunked;q=1\r\n"), why},
      {with_fields("Transfer-Encoding: \"chunked\"\r\n"), why},
      {with_fields("Transfer-Encoding: xchunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunkedx\r\n"), why},
      {with_fields("Transfer-Encoding: chunked x\r\n"), why},
      {with_fields("Transfer-Encoding: identity\r\n"), why},
      {with_fields("Transfer-Encoding:\r\n"), why},
      {with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), why},
      {with_fields("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), why},
      {with_fields("Transfer-Encoding: gzip\r\nX: y\r\ntransfer-encoding: chunked\r\n"), why},
  });
}

BOOST_AUTO_TEST_CASE(only_one_field_may_say_how_long_the_body_is) {
  const auto why = framing_error::ambiguous_length;
  check_refused({
      {with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), why},
      {with_fields("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), why},
      {with_fields("Transfer-Encoding: chunked\r\nContent-Length: x\r\n"), why},
      {with_fields("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), why},
      {with_fields("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), why},
      {with_fields("transfer-encoding: identity\r\nContent-Length: 5\r\n"), why},
      {"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", why},
      {"POST /x HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n", why},
      {"POST /x HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", why},
      {"POST /x HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", why},
  });
}

BOOST_AUTO_TEST_CASE(a_host_is_named_once_and_is_a_host) {
  const auto why = framing_error::bad_host;
  const auto with_host = [](std::string_view hosts) { return fmt::format("GET / HTTP/1.1\r\n{}X: y\r\n\r\n", hosts); };
  check_refused({
      {with_host(""), why},
      {with_host("Host:\r\n"), why},
      {with_host("Host: \t \r\n"), why},
      {with_host("Host: a\r\nHost: a\r\n"), why},
      {with_host("Host: a\r\nhost: b\r\n"), why},
      {with_host("Host: a b\r\n"), why},
      {with_host("Host: a\tb\r\n"), why},
      {with_host("Host: a, b\r\n"), why},
      {with_host("Host: a/b\r\n"), why},
      {with_host("Host: a\\b\r\n"), why},
      {with_host("Host: http://a\r\n"), why},
      {with_host("Host: a?b\r\n"), why},
      {with_host("Host: a#b\r\n"), why},
      {with_host("Host: user@a\r\n"), why},
      {with_host("Host: <a>\r\n"), why},
      {with_host("Host: \"a\"\r\n"), why},
      {with_host("Host: \xc3\xa9\r\n"), why},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", why},
      {"GET / HTTP/1.0\r\nHost:\r\n\r\n", why},
      {"GET / HTTP/1.0\r\nHost: a@b\r\n\r\n", why},
  });
}

BOOST_AUTO_TEST_CASE(a_target_is_a_path_on_this_server) {
  const auto why = framing_error::bad_target;
  check_refused({
      {with_line("GET http://elsewhere/x HTTP/1.1"), why},
      {with_line("GET http://localhost:81/x HTTP/1.1"), why},
      {with_line("GET http://localhost.elsewhere/x HTTP/1.1"), why},
      {with_line("GET http://localhos/x HTTP/1.1"), why},
      {with_line("GET http:///x HTTP/1.1"), why},
      {with_line("GET http:// HTTP/1.1"), why},
      {with_line("GET http:/x HTTP/1.1"), why},
      {with_line("GET http:localhost/x HTTP/1.1"), why},
      {with_line("GET https://localhost/x HTTP/1.1"), why},
      {with_line("GET ftp://localhost/x HTTP/1.1"), why},
      {with_line("GET http://user@localhost/x HTTP/1.1"), why},
      {with_line("GET http://user:secret@localhost/x HTTP/1.1"), why},
      {with_line("GET http://localhost@elsewhere/x HTTP/1.1"), why},
      {with_line("GET http://localhost\\x HTTP/1.1"), why},
      {with_line("GET http://localhost?q HTTP/1.1"), why},
      {with_line("GET http://localhost/x#y HTTP/1.1"), why},
      {with_line("GET /x#y HTTP/1.1"), why},
      {with_line("GET # HTTP/1.1"), why},
      {with_line("GET * HTTP/1.1"), why},
      {with_line("POST * HTTP/1.1"), why},
      {with_line("OPTIONS ** HTTP/1.1"), why},
      {with_line("GET x HTTP/1.1"), why},
      {with_line("GET localhost/x HTTP/1.1"), why},
      {with_line("GET ?q HTTP/1.1"), why},
      {with_line("GET \\x HTTP/1.1"), why},
      {"GET http://localhost/x HTTP/1.0\r\n\r\n", why}, // whose it is cannot be told
  });
}

BOOST_AUTO_TEST_CASE(no_tunnels_are_dug) {
  check_refused({
      {with_line("CONNECT localhost:80 HTTP/1.1"), framing_error::method_unsupported},
      {with_line("CONNECT / HTTP/1.1"), framing_error::method_unsupported},
      {"CONNECT localhost:80 HTTP/1.0\r\n\r\n", framing_error::method_unsupported},
  });
}

BOOST_AUTO_TEST_CASE(the_number_of_fields_is_bounded) {
  std::string fields;
  for (std::size_t i = 0; i < rollcall::net::request_parser::fields_most - 1; ++i) // Host is one more
    fields += "X: y\r\n";
  BOOST_TEST(verdict(with_fields(fields)) == "accepted");
  BOOST_TEST(verdict(with_fields(fields + "X: y\r\n")) == to_string(framing_error::head_too_large));
}

BOOST_AUTO_TEST_CASE(every_refusal_has_words_of_its_own_and_a_status) {
  std::set<std::string_view> words;
  for (int e = 1; e <= static_cast<int>(framing_error::body_too_large); ++e) {
    const auto why = static_cast<framing_error>(e);
    BOOST_TEST(!to_string(why).empty(), e);
    BOOST_TEST(words.insert(to_string(why)).second, to_string(why));
    const auto status = status_of(why);
    BOOST_TEST((status == 400 || status == 413 || status == 431 || status == 501), status << " for " << e);
  }
  BOOST_TEST(status_of(framing_error::malformed) == 400U);
  BOOST_TEST(status_of(framing_error::head_too_large) == 431U);
  BOOST_TEST(status_of(framing_error::body_too_large) == 413U);
  BOOST_TEST(status_of(framing_error::method_unsupported) == 501U);
  BOOST_TEST(status_of(framing_error::coding_unsupported) == 501U);
  BOOST_TEST(status_of(framing_error::ambiguous_length) == 400U);
  BOOST_TEST(to_string(framing_error{}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
