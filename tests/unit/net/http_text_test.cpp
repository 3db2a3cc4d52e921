#include "rollcall/net/http_text.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string_view>
#include <utility>

BOOST_AUTO_TEST_SUITE(net_http_text)

using namespace rollcall::net;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(dates_are_those_of_the_rfc) {
  date_line date;
  BOOST_TEST(date.at(std::chrono::sys_seconds(784'111'777s)) == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(784'111'777s)) == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(784'111'778s)) == "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(784'111'777s)) == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(0s)) == "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(951'782'399s)) == "Date: Mon, 28 Feb 2000 23:59:59 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(951'782'400s)) == "Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(4'107'542'399s)) == "Date: Sun, 28 Feb 2100 23:59:59 GMT\r\n");
  BOOST_TEST(date.at(std::chrono::sys_seconds(4'107'542'400s)) == "Date: Mon, 01 Mar 2100 00:00:00 GMT\r\n");
}

BOOST_AUTO_TEST_CASE(gzip_goes_to_those_who_accept_it) {
  for (const auto& [field, accepted] : {
           std::pair{"gzip", true},
           {"GZIP", true},
           {"x-gzip", true},
           {"gzip, deflate, br", true},
           {"gzip,deflate", true},
           {"deflate, gzip;q=1.0, *;q=0.5", true},
           {"br;q=1.0, gzip;q=0.001", true},
           {"gzip;q=0.5", true},
           {"gzip; q=0.5", true},
           {"gzip ; q=1", true},
           {"gzip;Q=1", true},
           {"*", true},
           {"*;q=0.1", true},
           {"identity;q=0, *", true},
           {"*;q=0, gzip", true},
           {"", false},
           {"identity", false},
           {"deflate, br", false},
           {"identity;q=0, gzip", true},
           {"br;q=0,gzip", true},
           {" \tgzip\t ", true},
           {"gzip;q=0", false},
           {"gzip;q=", false},
           {"gzip;q", false},
           {"gzip;q=x", false},
           {"gzip;q=-1", false},
           {"gzip;q=0.0", false},
           {"gzip;q=0.000", false},
           {"gzip; Q=0", false},
           {"GZIP;q=0", false},
           {"gzip;q=0, *", false},
           {"*, gzip;q=0", false},
           {"*;q=0", false},
           {"gzipped", false},
           {"not-gzip", false},
           {"identity;x=gzip", false},
           {"\"gzip\"", false},
           {";q=1", false},
           {"=", false},
           {"\xff", false},
           {",,,", false},
       })
    BOOST_TEST(accepts_gzip(field) == accepted, field);
}

BOOST_AUTO_TEST_CASE(statuses_have_their_standard_reason) {
  BOOST_TEST(reason_phrase(200) == "OK");
  BOOST_TEST(reason_phrase(404) == "Not Found");
  BOOST_TEST(reason_phrase(431) == "Request Header Fields Too Large");
  BOOST_TEST(reason_phrase(503) == "Service Unavailable");
  for (unsigned status = 0; status < 1200; ++status)
    BOOST_TEST(reason_phrase(status).find('<') == std::string_view::npos, status);
  BOOST_TEST(reason_phrase(299) == "");
  BOOST_TEST(reason_phrase(999) == "");
}

BOOST_AUTO_TEST_SUITE_END()
