#include "rollcall/redis/endpoint.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace redis = rollcall::redis;

BOOST_AUTO_TEST_SUITE(redis_deployment)

namespace {

using form = redis::deployment::form;

redis::deployment parsed(std::string_view url) {
  auto d = redis::parse_deployment(url);
  BOOST_REQUIRE_MESSAGE(d.has_value(), url << ": " << d.error());
  return *d;
}

std::string problem(std::string_view url) {
  auto d = redis::parse_deployment(url);
  return d ? "accepted as " + d->to_string() : d.error();
}

bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(one_server) {
  const auto d = parsed("rediss://bot:secret@h:1/2");
  BOOST_TEST((d.how == form::single));
  BOOST_TEST(d.server.host == "h");
  BOOST_TEST(d.server.tls);
  BOOST_TEST(d.nodes.empty());
  BOOST_TEST(d.to_string() == "rediss://h:1/2");
  BOOST_TEST(parsed("unix:///r.sock").to_string() == "unix:///r.sock");
}

BOOST_AUTO_TEST_CASE(sentinels_and_the_name_that_they_know_the_master_by) {
  const auto d = parsed("redis+sentinel://a,10.0.0.2:5000,[::1]/main");
  BOOST_TEST((d.how == form::sentinel));
  BOOST_TEST(d.master == "main");
  BOOST_REQUIRE(d.nodes.size() == 3U);
  BOOST_TEST((d.nodes[0] == redis::host_port{"a", 26379}));
  BOOST_TEST((d.nodes[1] == redis::host_port{"10.0.0.2", 5000}));
  BOOST_TEST((d.nodes[2] == redis::host_port{"::1", 26379}));
  BOOST_TEST(d.server.database == 0U);
  BOOST_TEST(!d.server.tls);
  BOOST_TEST(d.server.password == "");
  BOOST_TEST(d.sentinel_password == "");
  BOOST_TEST(d.to_string() == "redis+sentinel://a:26379,10.0.0.2:5000,[::1]:26379/main");
}

BOOST_AUTO_TEST_CASE(sentinels_with_everything) {
  const auto d =
      parsed("Rediss+Sentinel://bot:p%40ss@a:1,b:2/my%2Fmaster/3?sentinel_user=watch&sentinel_password=s%26cret");
  BOOST_TEST((d.how == form::sentinel));
  BOOST_TEST(d.server.tls);
  BOOST_TEST(d.server.user == "bot");
  BOOST_TEST(d.server.password == "p@ss");
  BOOST_TEST(d.server.database == 3U);
  BOOST_TEST(d.master == "my/master");
  BOOST_TEST(d.sentinel_user == "watch");
  BOOST_TEST(d.sentinel_password == "s&cret");
  BOOST_TEST(d.to_string() == "rediss+sentinel://a:1,b:2/my%2Fmaster/3");
}

BOOST_AUTO_TEST_CASE(some_nodes_of_a_cluster) {
  const auto d = parsed("redis+cluster://bot:secret@a,b:7001");
  BOOST_TEST((d.how == form::cluster));
  BOOST_REQUIRE(d.nodes.size() == 2U);
  BOOST_TEST((d.nodes[0] == redis::host_port{"a", 6379}));
  BOOST_TEST((d.nodes[1] == redis::host_port{"b", 7001}));
  BOOST_TEST(d.server.user == "bot");
  BOOST_TEST(d.server.password == "secret");
  BOOST_TEST(!d.server.tls);
  BOOST_TEST(d.to_string() == "redis+cluster://a:6379,b:7001");
  BOOST_TEST(parsed("rediss+cluster://a/").server.tls);
  BOOST_TEST(parsed("rediss+cluster://a/").to_string() == "rediss+cluster://a:6379");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told) {
  BOOST_TEST(mentions(problem("http://h"), "redis+sentinel://"));
  BOOST_TEST(mentions(problem("a,b"), "the scheme must be"));
  BOOST_TEST(mentions(problem("redis+sentinel://"), "host is missing"));
  BOOST_TEST(mentions(problem("redis+sentinel:///m"), "host is missing"));
  BOOST_TEST(mentions(problem("redis+sentinel://a,/m"), "host is missing"));
  BOOST_TEST(mentions(problem("redis+sentinel://,a/m"), "host is missing"));
  BOOST_TEST(mentions(problem("redis+sentinel://a;b c/m"), "not host:port,host:port"));
  BOOST_TEST(mentions(problem("redis+sentinel://a:0,b/m"), "the port"));
  BOOST_TEST(mentions(problem("redis+sentinel://a:66x,b/m"), "the port"));
  BOOST_TEST(mentions(problem("redis+sentinel://a,a:26379/m"), "listed twice"));
  BOOST_TEST(mentions(problem("redis+sentinel://a"), "name of the master is missing"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/"), "name of the master is missing"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m%0a"), "control"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m/x"), "the database"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m/1/2"), "only the database may follow"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m?x=1"), "only parameters"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m?sentinel_password=x&sentinel_password=y"), "twice"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m?sentinel_password"), "no value"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m?sentinel_user=x"), "needs a sentinel_password"));
  BOOST_TEST(mentions(problem("redis+sentinel://bot@a/m"), "needs a password"));
  BOOST_TEST(mentions(problem("redis+sentinel://:p@ss@a,b/m"), "%40"));
  BOOST_TEST(mentions(problem("redis+cluster://:p@ss@a,b"), "%40"));
  BOOST_TEST(mentions(problem("redis+sentinel://a/m#x"), "fragment"));
  BOOST_TEST(mentions(problem("redis+cluster://a/1"), "no databases but 0"));
  BOOST_TEST(mentions(problem("redis+cluster://a?x=1"), "no ?parameters"));
  std::string many = "redis+cluster://a";
  for (int i = 0; i < 64; ++i) {
    many += ",h" + std::to_string(i);
  }
  BOOST_TEST(mentions(problem(many), "more than 64 hosts"));
}

BOOST_AUTO_TEST_CASE(no_message_shows_user_or_password) {
  for (std::string_view url :
       {"hidden:topsecret@a,b", "redis+sentinel://hidden:topsecret@@a/m", "redis+sentinel://hidden:topsecret@a,b",
        "redis+sentinel://hidden:topsecret@a:0/m", "redis+sentinel://hidden:topsecret@a/m/x",
        "redis+sentinel://a/m?sentinel_user=hidden&sentinel_pasword=topsecret",
        "redis+sentinel://a/m?sentinel_password=topsecret&sentinel_password=hidden",
        "redis+cluster://hidden:topsecret@a/1", "redis+cluster://hidden:topsecret,b",
        "redis+cluster://hidden:%zztopsecret@a", "redis+cluster://hidden:topsecret/@a"}) {
    const auto said = problem(url);
    BOOST_TEST(!mentions(said, "topsecret"), said);
    BOOST_TEST(!mentions(said, "hidden"), said);
    BOOST_TEST(!mentions(said, "accepted"), said);
  }
  const auto d = parsed("redis+sentinel://hidden:topsecret@a/m?sentinel_password=topsecret");
  BOOST_TEST(d.to_string() == "redis+sentinel://a:26379/m");
}

BOOST_AUTO_TEST_SUITE_END()
