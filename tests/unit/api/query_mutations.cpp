// Damaged request bodies by the ten thousand, judged by a second parser.

#include "mutations.hpp"
#include "oracle.hpp"
#include "samples.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <string>

using namespace rollcall::api;
using namespace rollcall::api::test;

namespace {

/// Counts what it saw, so that a test can tell that it saw all sorts.
struct comparison {
  std::map<std::string, int> kinds;

  void operator()(const std::string& body) {
    const std::string expected = expected_verdict(body);
    const std::string said = verdict(body);
    if (said != expected)
      BOOST_ERROR("'" << body << "': " << said << "; the second parser: " << expected);
    ++kinds[expected.starts_with("query") ? "query" : expected];
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(query_parser_mutations)

BOOST_AUTO_TEST_CASE(the_second_parser_agrees_about_every_single_byte_mutation) {
  comparison compare;
  every_single_byte_mutation(R"({"wId":"6e-\u0041é","wcId":"2🦑@c"})", std::ref(compare));
  every_single_byte_mutation(R"({"x":[1,{}],"wId":"w","chatRoomId":"r"})", std::ref(compare));
  BOOST_TEST(compare.kinds["query"] > 1000);
  BOOST_TEST(compare.kinds["pass through"] > 500);
  BOOST_TEST(compare.kinds[line(query_error::not_json)] > 1000);
}

BOOST_AUTO_TEST_CASE(the_second_parser_agrees_about_random_mutations) {
  comparison compare;
  random_mutations(documented_request, 10'000, std::ref(compare));
  random_mutations(R"({"wId":"","wcId":1})", 10'000, std::ref(compare));
  random_mutations(R"({"wId":"w","wcId":"r","chatRoomId":"r","wId":"w"})", 10'000, std::ref(compare));
  random_mutations(R"([{"wId":"w","wcId":"r"}])", 10'000, std::ref(compare));
  random_mutations(R"({"wId":"","wcId":"r"})", 10'000, std::ref(compare));
  for (const auto& [kind, count] : compare.kinds)
    BOOST_TEST_MESSAGE(count << " x " << kind);
  BOOST_TEST(compare.kinds.size() == 9u, "query, pass through and all seven rules should occur");
}

BOOST_AUTO_TEST_SUITE_END()
