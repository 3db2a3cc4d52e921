#include "rollcall/gateway/directives.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;
using rollcall::gateway::directives_of;
namespace cache = rollcall::cache;
namespace net = rollcall::net;

/// What fields of a request, as they travel, come to: `max-age=5000ms no-store`, say, or "" for nothing.
std::string asked(std::string_view fields) {
  const auto text = std::string("POST /x HTTP/1.1\r\nHost: a\r\nAccept: no-cache\r\n")
                        .append(fields)
                        .append("X-Last: no-store\r\n\r\n");
  net::request_parser p;
  if (!p.parse_head(text))
    throw std::runtime_error("the head of the test is refused");
  const auto d = directives_of(p.head());
  std::string said;
  if (d.max_age)
    said += "max-age=" + std::to_string(d.max_age->count()) + "ms ";
  if (d.no_store)
    said += "no-store ";
  if (d.only_if_cached)
    said += "only-if-cached ";
  return said.empty() ? said : said.substr(0, said.size() - 1);
}

/// ... of one Cache-Control field.
std::string asked_by(std::string_view value) {
  return asked(std::string("Cache-Control: ").append(value).append("\r\n"));
}

BOOST_AUTO_TEST_SUITE(directives_suite)

BOOST_AUTO_TEST_CASE(what_is_heeded) {
  BOOST_TEST(asked("") == "");
  BOOST_TEST(asked_by("no-cache") == "max-age=0ms");
  BOOST_TEST(asked_by("no-store") == "no-store");
  BOOST_TEST(asked_by("only-if-cached") == "only-if-cached");
  BOOST_TEST(asked_by("max-age=0") == "max-age=0ms");
  BOOST_TEST(asked_by("max-age=5") == "max-age=5000ms");
  BOOST_TEST(asked_by("max-age=86400") == "max-age=86400000ms");
  BOOST_TEST(asked_by("no-cache, no-store, only-if-cached") == "max-age=0ms no-store only-if-cached");
}

BOOST_AUTO_TEST_CASE(what_is_unknown_or_means_something_else_is_ignored) {
  for (const auto value : {"",
                           " ",
                           ",",
                           ", ,,",
                           "max-stale",
                           "max-stale=60",
                           "min-fresh=10",
                           "no-transform",
                           "private",
                           "must-revalidate",
                           "s-maxage=0",
                           "no-cached",
                           "xno-cache",
                           "no cache",
                           "nocache",
                           "no-cache;",
                           "max-ages=1",
                           "max-age",
                           "=",
                           "=5",
                           "=no-cache",
                           "x=no-cache",
                           "x=\"a, no-cache, no-store\"",
                           "\"no-cache\"",
                           "only-if-cached-not",
                           "\"",
                           "\\",
                           "\"\\",
                           "\"\\\"",
                           "no-store\"\""})
    BOOST_TEST(asked_by(value) == "", value);
}

BOOST_AUTO_TEST_CASE(what_is_beside_it_does_not_matter) {
  for (const auto value : {"max-stale=60, no-cache", "no-cache, max-stale=60", "x=\"a,b\", no-cache",
                           "x=\"a\\\",b\",no-cache", "x=\"\", no-cache", "x=\"\\\\\", no-cache", "x=\\, no-cache",
                           ",,no-cache", "no-cache,,", "no-cache, x=\"never closed, no-store"})
    BOOST_TEST(asked_by(value) == "max-age=0ms", value);
}

BOOST_AUTO_TEST_CASE(names_are_known_in_any_case) {
  BOOST_TEST(asked_by("No-Cache") == "max-age=0ms");
  BOOST_TEST(asked_by("NO-STORE, ONLY-IF-CACHED, MAX-AGE=7") == "max-age=7000ms no-store only-if-cached");
  BOOST_TEST(asked("cAcHe-CoNtRoL: no-cache\r\n") == "max-age=0ms");
}

BOOST_AUTO_TEST_CASE(spaces_may_be_where_lists_and_bad_writers_have_them) {
  for (const auto value : {" max-age=7 ", "max-age=7\t", ",max-age=7,", "  ,\t,  max-age=7", "max-age = 7",
                           "max-age\t=\t7", "max-age=7 ,x", "x\t,\tmax-age=7"})
    BOOST_TEST(asked_by(value) == "max-age=7000ms", value);
  BOOST_TEST(asked_by("no-cache\t,no-store ,\tonly-if-cached") == "max-age=0ms no-store only-if-cached");
  BOOST_TEST(asked("Cache-Control:no-cache\r\n") == "max-age=0ms");
}

// RFC 9111 section 5.2: a recipient ought to accept both forms.
BOOST_AUTO_TEST_CASE(a_number_may_be_quoted) {
  BOOST_TEST(asked_by("max-age=\"7\"") == "max-age=7000ms");
  BOOST_TEST(asked_by("max-age=\"7\", no-store") == "max-age=7000ms no-store");
  for (const auto value : {"\"", "\"\"", "\"7", "7\"", "\"7 \"", "\" 7\"", "\"\"7\"\"", "'7'", "\"\\7\"", "\"7,8\""})
    BOOST_TEST(asked_by(std::string("max-age=").append(value)) == "", value);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_ignored) {
  for (const auto value :
       {"", "-1", "-0", "+1", "1.5", "1e3", "0x10", "7s", "7 8", "7;8", "seven", "=7", "\xef\xbc\x97"})
    BOOST_TEST(asked_by(std::string("max-age=").append(value)) == "", value);
  BOOST_TEST(asked_by("max-age=x, max-age=7") == "max-age=7000ms");
  BOOST_TEST(asked_by("max-age=1,5") == "max-age=1000ms", "a comma is never within a number");
}

// RFC 9111 section 1.2.2: 2^31 seconds stand for whatever is more.
BOOST_AUTO_TEST_CASE(an_absurd_number_is_as_good_as_for_ever) {
  const std::string ever = "max-age=" + std::to_string((1LL << 31) * 1000) + "ms";
  BOOST_TEST(asked_by("max-age=2147483647") == "max-age=2147483647000ms");
  for (const auto value : {"2147483648", "2147483649", "4294967295", "4294967296", "4294967297", "9223372036854775807",
                           "9223372036854775808", "18446744073709551616", "184467440737095516160000000000000000000000",
                           "\"99999999999999999999\"", "0000000000000000000000000000099999999999"})
    BOOST_TEST(asked_by(std::string("max-age=").append(value)) == ever, value);
  BOOST_TEST(asked_by("max-age=99999999999999999999x") == "");
  BOOST_TEST(asked_by("max-age=0000000000000000000000000000000007") == "max-age=7000ms");
  BOOST_TEST(asked_by("max-age=" + std::string(4000, '9')) == ever);
}

BOOST_AUTO_TEST_CASE(the_strictest_of_several_counts) {
  BOOST_TEST(asked_by("max-age=5, max-age=3") == "max-age=3000ms");
  BOOST_TEST(asked_by("max-age=3, max-age=5") == "max-age=3000ms");
  BOOST_TEST(asked_by("max-age=5, no-cache") == "max-age=0ms");
  BOOST_TEST(asked_by("no-cache, max-age=5") == "max-age=0ms");
  BOOST_TEST(asked_by("no-cache, no-cache") == "max-age=0ms");
}

BOOST_AUTO_TEST_CASE(several_fields_are_one_list) {
  BOOST_TEST(
      asked("Cache-Control: no-store\r\nX-Y: z\r\ncache-control: max-age=9\r\nCache-Control: only-if-cached\r\n") ==
      "max-age=9000ms no-store only-if-cached");
  BOOST_TEST(asked("Cache-Control: max-age=9\r\nCache-Control: max-age=8\r\n") == "max-age=8000ms");
  BOOST_TEST(asked("Cache-Control: max-age=8\r\nCache-Control: max-age=9\r\n") == "max-age=8000ms");
  // A quote that is never closed reaches no further than its own field.
  BOOST_TEST(asked("Cache-Control: x=\"\r\nCache-Control: no-store\r\n") == "no-store");
}

// RFC 9111 section 5.4.
BOOST_AUTO_TEST_CASE(pragma_counts_when_there_is_no_cache_control) {
  for (const auto value :
       {"no-cache", "NO-CACHE", " no-cache ", "x, no-cache", "no-cache, x", ",no-cache", "x=\",\", no-cache"})
    BOOST_TEST(asked(std::string("Pragma: ").append(value).append("\r\n")) == "max-age=0ms", value);
  for (const auto value :
       {"", "x", "no-store", "max-age=0", "only-if-cached", "no-cached", "\"no-cache\"", "x=\"a, no-cache\""})
    BOOST_TEST(asked(std::string("Pragma: ").append(value).append("\r\n")) == "", value);
}

BOOST_AUTO_TEST_CASE(pragma_is_overruled_by_any_cache_control) {
  for (const auto* order :
       {"Pragma: no-cache\r\nCache-Control: max-age=9\r\n", "Cache-Control: max-age=9\r\nPragma: no-cache\r\n"})
    BOOST_TEST(asked(order) == "max-age=9000ms");
  BOOST_TEST(asked("Pragma: no-cache\r\nCache-Control: max-stale\r\n") == "");
  BOOST_TEST(asked("Pragma: no-cache\r\nPragma: x\r\n") == "max-age=0ms", "several fields are one list");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
