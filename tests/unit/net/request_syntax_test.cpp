#include "rollcall/net/request_parser.hpp"

#include "heads.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(net_request_syntax)

namespace {

using namespace std::string_literals;
using rollcall::net::framing_error;
using rollcall::test::check_refused;
using rollcall::test::shown;
using rollcall::test::verdict;
using rollcall::test::with_fields;
using rollcall::test::with_line;

} // namespace

BOOST_AUTO_TEST_CASE(a_folded_field_is_refused_in_every_form) {
  const auto why = framing_error::folded_field;
  check_refused({
      {with_fields("X: a\r\n b\r\n"), why},
      {with_fields("X: a\r\n\tb\r\n"), why},
      {with_fields("X: a\r\n \r\n"), why},
      {with_fields("X: a\r\n\t\r\n"), why},
      {with_fields("X:\r\n b\r\n"), why},
      {with_fields("X: \r\n b\r\n"), why},
      {with_fields("X: \t\r\n\t b\r\n"), why},
      {with_fields("X:\r\n \r\n"), why},
      {with_fields("X:\r\n \r\n \r\n"), why},
      {with_fields("X:\r\n \r\n b\r\n"), why},
      {with_fields("X: a\r\n b\r\n c\r\n"), why},
      {with_fields("X: a\r\n b\r\nContent-Length: 5\r\n"), why},
      {with_fields("Content-Length:\r\n 5\r\n"), why},
      {with_fields("Content-Length: 5\r\n \r\n"), why},
      {with_fields("Transfer-Encoding:\r\n chunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunked\r\n , identity\r\n"), why},
      {with_fields("Connection: close\r\n , x\r\n"), why},
      {"POST /x HTTP/1.1\r\nHost: localhost\r\n :80\r\n\r\n", why},
      {"POST /x HTTP/1.1\r\nHost:\r\n localhost\r\n\r\n", why},
  });
  // A fold before any field, and one that is longer than anybody unfolds.
  check_refused({
      {"POST /x HTTP/1.1\r\n X: y\r\nHost: localhost\r\n\r\n", framing_error::malformed},
      {"POST /x HTTP/1.1\r\n\tHost: localhost\r\n\r\n", framing_error::malformed},
      {with_fields("X: " + std::string(5000, 'a') + "\r\n b\r\n"), framing_error::malformed},
  });
}

BOOST_AUTO_TEST_CASE(no_control_byte_gets_through_anywhere) {
  for (int b = 0; b < 256; ++b) {
    const char c = static_cast<char>(b);
    const bool control = b < 0x20 || b == 0x7f;
    const auto in_value = with_fields("X: a"s + c + "b\r\n");
    const auto in_target = with_line("GET /a"s + c + "b HTTP/1.1");
    const bool line_end = c == '\r' || c == '\n';
    const auto why = line_end ? framing_error::malformed : framing_error::control_byte;
    BOOST_TEST(verdict(in_value) == (control && c != '\t' ? to_string(why) : "accepted"), shown(in_value));
    if (c == ' ' || c == '\t')
      BOOST_TEST(verdict(in_target) == to_string(framing_error::malformed), shown(in_target));
    else if (c == '#')
      BOOST_TEST(verdict(in_target) == to_string(framing_error::bad_target), shown(in_target));
    else
      BOOST_TEST(verdict(in_target) == (control ? to_string(why) : "accepted"), shown(in_target));
    for (const auto& bytes : {with_fields("X"s + c + "Y: a\r\n"), with_line("GE"s + c + "T / HTTP/1.1"),
                              with_line("GET / HTTP/1.1"s + c), with_line("GET / HT"s + c + "TP/1.1")})
      if (control)
        BOOST_TEST(verdict(bytes) != "accepted", shown(bytes));
  }
}

BOOST_AUTO_TEST_CASE(a_control_byte_at_the_edge_of_a_value_is_seen) {
  const auto why = framing_error::control_byte;
  check_refused({
      {with_fields("X:\0\r\n"s), why},
      {with_fields("X: \0a\r\n"s), why},
      {with_fields("X: a\0\r\n"s), why},
      {with_fields("X: \v\r\n"), why},
      {with_fields("Content-Length: 5\v\r\n"), why},
      {with_fields("Content-Length: \f5\r\n"), why},
      {with_fields("Transfer-Encoding: \vchunked\r\n"), why},
      {with_fields("Transfer-Encoding: chunked\x7f\r\n"), why},
      {with_fields("Connection: close\0\r\n"s), why},
      {"POST /x HTTP/1.1\r\nHost: local\0host\r\n\r\n"s, why},
  });
}

BOOST_AUTO_TEST_CASE(lines_end_in_cr_lf_only) {
  const auto why = framing_error::malformed;
  check_refused({
      {"GET / HTTP/1.1\nHost: localhost\n\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\n\r\n", why},
      {"GET / HTTP/1.1\nHost: localhost\r\n\r\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nContent-Length: 5\r\n\r\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\n\r\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rContent-Length: 5\r\n\r\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\r\n\r\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\rX: a\r\n\r\n", why},
      {"GET / HTTP/1.1\rHost: localhost\r\n\r\n", why},
      {"GET / HTTP/1.1\r\r\nHost: localhost\r\n\r\n", why},
  });
}

BOOST_AUTO_TEST_CASE(field_lines_are_well_formed) {
  const auto why = framing_error::malformed;
  check_refused({
      {with_fields("Content-Length : 5\r\n"), why},
      {with_fields("Transfer-Encoding\t: chunked\r\n"), why},
      {with_fields("X : a\r\n"), why},
      {with_fields(": a\r\n"), why},
      {with_fields("X\r\n"), why},
      {with_fields("X Y: a\r\n"), why},
      {with_fields("X(: a\r\n"), why},
      {with_fields("X\xc3\xa9: a\r\n"), why},
      {with_fields("X\"Y\": a\r\n"), why},
      {with_fields("Connection: close;\r\n"), why},
      {with_fields("Connection: a b\r\n"), why},
  });
}

BOOST_AUTO_TEST_CASE(the_first_line_is_well_formed) {
  const auto why = framing_error::malformed;
  check_refused({
      {with_line(""), why},
      {with_line("GET"), why},
      {with_line("GET /"), why},
      {with_line("GET  / HTTP/1.1"), why},
      {with_line("GET /  HTTP/1.1"), why},
      {with_line("GET / HTTP/1.1 "), why},
      {with_line(" GET / HTTP/1.1"), why},
      {with_line("GET\t/ HTTP/1.1"), why},
      {with_line("GET /a b HTTP/1.1"), why},
      {with_line("GE(T / HTTP/1.1"), why},
      {with_line("G\xc3\x89T / HTTP/1.1"), why},
      {with_line("GET / HTTP/0.9"), why},
      {with_line("GET / HTTP/1.2"), why},
      {with_line("GET / HTTP/2.0"), why},
      {with_line("GET / HTTP/2"), why},
      {with_line("GET / HTTP/1"), why},
      {with_line("GET / HTTP/1.10"), why},
      {with_line("GET / HTTP/11"), why},
      {with_line("GET / http/1.1"), why},
      {with_line("GET / HTTP/-1.1"), why},
      {with_line("GET / ICY/1.1"), why},
      {with_line("PRI * HTTP/2.0"), why},
      {"", why},
      {"GET / HTTP/1.1\r\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\n", why},
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET", why},
  });
}

BOOST_AUTO_TEST_SUITE_END()
