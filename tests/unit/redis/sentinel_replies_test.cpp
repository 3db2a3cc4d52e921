#include "../../../src/redis/sentinel_replies.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace redis = rollcall::redis;
using redis::host_port;
using redis::reply;

BOOST_AUTO_TEST_SUITE(redis_sentinel_replies)

namespace {

reply array(std::initializer_list<std::string_view> texts) {
  std::vector<reply> all;
  for (auto t : texts) {
    all.emplace_back(reply::kind::text, std::string(t));
  }
  return reply(std::move(all));
}

reply switched(std::string_view text) {
  return array({"message", "+switch-master", text});
}

} // namespace

BOOST_AUTO_TEST_CASE(an_address) {
  BOOST_TEST((redis::read_address(array({"10.0.0.1", "6379"})) == host_port{"10.0.0.1", 6379}));
  BOOST_TEST((redis::read_address(array({"::1", "1"})) == host_port{"::1", 1}));
  BOOST_TEST(!redis::read_address(reply()).has_value()); // no such master
  BOOST_TEST(!redis::read_address(reply(reply::kind::error, "IDONTKNOW")).has_value());
  BOOST_TEST(!redis::read_address(array({"10.0.0.1"})).has_value());
  BOOST_TEST(!redis::read_address(array({"10.0.0.1", "6379", "x"})).has_value());
  for (std::string_view port : {"", "0", "65536", "-1", "6379x", "99999999999999999999"}) {
    BOOST_TEST(!redis::read_address(array({"h", port})).has_value(), port);
  }
  for (std::string_view host : {"", "a b", "a\nb", "a\x7f"}) {
    BOOST_TEST(!redis::read_address(array({host, "1"})).has_value());
  }
  BOOST_TEST(!redis::read_address(array({std::string(254, 'x'), "1"})).has_value());
}

BOOST_AUTO_TEST_CASE(the_epoch_of_a_configuration) {
  BOOST_TEST(redis::read_config_epoch(array({"name", "main", "config-epoch", "7", "quorum", "2"})) == 7U);
  BOOST_TEST(redis::read_config_epoch(array({"name", "config-epoch", "config-epoch", "7"})) == 7U);
  BOOST_TEST(redis::read_config_epoch(array({"config-epoch"})) == 0U);
  BOOST_TEST(redis::read_config_epoch(array({"config-epoch", "-7"})) == 0U);
  BOOST_TEST(redis::read_config_epoch(reply(reply::kind::error, "NOPERM")) == 0U);
}

BOOST_AUTO_TEST_CASE(other_sentinels) {
  std::vector<reply> all;
  all.push_back(array({"name", "x", "ip", "10.0.0.2", "port", "26379"}));
  all.push_back(array({"name", "y", "port", "26380", "ip", "10.0.0.3"}));
  all.push_back(array({"name", "z", "ip", "10.0.0.4"}));
  all.push_back(reply(1));
  const auto found = redis::read_sentinels(reply(std::move(all)));
  BOOST_REQUIRE(found.size() == 2U);
  BOOST_TEST((found[0] == host_port{"10.0.0.2", 26379}));
  BOOST_TEST((found[1] == host_port{"10.0.0.3", 26380}));
  BOOST_TEST(redis::read_sentinels(reply(reply::kind::error, "NOPERM")).empty());
}

BOOST_AUTO_TEST_CASE(an_announcement) {
  const auto news = redis::read_switch(switched("main 10.0.0.1 6379 10.0.0.2 6380"), "main");
  BOOST_REQUIRE(news.has_value());
  BOOST_TEST((news->from == host_port{"10.0.0.1", 6379}));
  BOOST_TEST((news->to == host_port{"10.0.0.2", 6380}));
}

BOOST_AUTO_TEST_CASE(what_is_no_announcement_of_ours) {
  for (std::string_view text :
       {"", "main", "other 10.0.0.1 6379 10.0.0.2 6380", "main 10.0.0.1 6379 10.0.0.2", "main 10.0.0.1 0 10.0.0.2 6380",
        "main 10.0.0.1 6379 10.0.0.2 x", "main  10.0.0.1 6379 10.0.0.2 6380", "main 10.0.0.1 6379 10.0.0.2 6380 more",
        " main 10.0.0.1 6379 10.0.0.2 6380", "main 10.0.0.1 6379 10.0.0.2 6380 "}) {
    BOOST_TEST(!redis::read_switch(switched(text), "main").has_value(), text);
  }
  const std::string_view text = "main 10.0.0.1 6379 10.0.0.2 6380";
  BOOST_TEST(!redis::read_switch(array({"message", "+sdown", text}), "main").has_value());
  BOOST_TEST(!redis::read_switch(array({"pong", ""}), "main").has_value());
  BOOST_TEST(!redis::read_switch(reply(), "main").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
