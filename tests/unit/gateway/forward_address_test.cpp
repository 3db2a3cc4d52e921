#include "rollcall/gateway/events.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using rollcall::gateway::parse_forward_address;

BOOST_AUTO_TEST_SUITE(forward_address)

BOOST_AUTO_TEST_CASE(path_and_query_stay_as_they_are) {
  const auto target = [](const char* url) { return parse_forward_address(url)->target; };
  BOOST_TEST(target("http://h") == "/");
  BOOST_TEST(target("http://h/") == "/");
  BOOST_TEST(target("http://h?t=1") == "/?t=1");
  BOOST_TEST(target("http://h/cb/") == "/cb/");
  BOOST_TEST(target("http://h:81/a/b?token=x/y?z") == "/a/b?token=x/y?z");
  const auto a = parse_forward_address("http://127.0.0.1:7000/callback?token=s");
  BOOST_TEST(a->to.to_string() == "http://127.0.0.1:7000");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_without_the_query) {
  for (const auto* url : {"", "h", "https://h/?secret", "http://h:99999/?secret", "http://h/?sec ret",
                          "http://h/#secret", "http://user:pw@h/?secret"}) {
    const auto a = parse_forward_address(url);
    BOOST_TEST_REQUIRE(!a.has_value(), url);
    BOOST_TEST(a.error().find("sec") == std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
