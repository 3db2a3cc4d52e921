#include "rollcall/redis/endpoint.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace redis = rollcall::redis;

BOOST_AUTO_TEST_SUITE(redis_url)

namespace {

std::string problem(std::string_view url) {
  auto e = redis::parse_url(url);
  return e ? "accepted as " + e->to_string() : e.error();
}

bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_host_alone_gets_the_defaults) {
  const auto e = redis::parse_url("redis://cache.example").value();
  BOOST_TEST(e.host == "cache.example");
  BOOST_TEST(e.port == 6379);
  BOOST_TEST(e.database == 0U);
  BOOST_TEST(e.user == "");
  BOOST_TEST(e.password == "");
  BOOST_TEST(e.path == "");
  BOOST_TEST(e.to_string() == "redis://cache.example:6379");
}

BOOST_AUTO_TEST_CASE(every_part_is_read) {
  const auto e = redis::parse_url("redis://bot:secret@10.0.0.7:6380/5").value();
  BOOST_TEST(e.user == "bot");
  BOOST_TEST(e.password == "secret");
  BOOST_TEST(e.host == "10.0.0.7");
  BOOST_TEST(e.port == 6380);
  BOOST_TEST(e.database == 5U);
  BOOST_TEST(e.to_string() == "redis://10.0.0.7:6380/5");
}

BOOST_AUTO_TEST_CASE(a_password_needs_no_user) {
  const auto e = redis::parse_url("redis://:secret@h").value();
  BOOST_TEST(e.user == "");
  BOOST_TEST(e.password == "secret");
}

BOOST_AUTO_TEST_CASE(percent_encoding_is_undone) {
  const auto e = redis::parse_url("redis://b%40t:p%40ss%3A%2F%00%23@h/").value();
  BOOST_TEST(e.user == "b@t");
  BOOST_TEST(e.password == std::string("p@ss:/\0#", 8));
  BOOST_TEST(redis::parse_url("unix:///run/my%20redis.sock").value().path == "/run/my redis.sock");
}

BOOST_AUTO_TEST_CASE(an_ipv6_address_loses_its_brackets_and_shows_them) {
  const auto e = redis::parse_url("redis://[::1]:7000/1").value();
  BOOST_TEST(e.host == "::1");
  BOOST_TEST(e.port == 7000);
  BOOST_TEST(e.to_string() == "redis://[::1]:7000/1");
}

BOOST_AUTO_TEST_CASE(a_unix_socket_with_login_and_database) {
  const auto plain = redis::parse_url("unix:///run/redis.sock").value();
  BOOST_TEST(plain.path == "/run/redis.sock");
  BOOST_TEST(plain.to_string() == "unix:///run/redis.sock");
  const auto e = redis::parse_url("unix://bot:secret@/run/redis.sock?db=3").value();
  BOOST_TEST(e.path == "/run/redis.sock");
  BOOST_TEST(e.user == "bot");
  BOOST_TEST(e.password == "secret");
  BOOST_TEST(e.database == 3U);
  BOOST_TEST(e.to_string() == "unix:///run/redis.sock?db=3");
}

BOOST_AUTO_TEST_CASE(schemes_have_no_case) {
  BOOST_TEST(redis::parse_url("Redis://h").has_value());
}

BOOST_AUTO_TEST_CASE(tls_is_another_scheme) {
  BOOST_TEST(!redis::parse_url("redis://h").value().tls);
  const auto e = redis::parse_url("rediss://bot:secret@h:6380/1").value();
  BOOST_TEST(e.tls);
  BOOST_TEST(e.host == "h");
  BOOST_TEST(e.password == "secret");
  BOOST_TEST(e.to_string() == "rediss://h:6380/1");
  BOOST_TEST(mentions(problem("rediss://h?x=1"), "rediss:// takes no ?parameters"));
}

BOOST_AUTO_TEST_CASE(one_server_is_no_list_of_them) {
  BOOST_TEST(mentions(problem("redis+sentinel://a:1,b:2/name"), "the scheme must be"));
  BOOST_TEST(mentions(problem("redis+cluster://a:1,b:2"), "the scheme must be"));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told) {
  BOOST_TEST(mentions(problem(""), "the scheme must be"));
  BOOST_TEST(mentions(problem("localhost:6379"), "the scheme must be"));
  BOOST_TEST(mentions(problem("http://h"), "the scheme must be"));
  BOOST_TEST(mentions(problem("redis://"), "the host is missing"));
  BOOST_TEST(mentions(problem("redis:///1"), "the host is missing"));
  BOOST_TEST(mentions(problem("redis://h:0"), "the port"));
  BOOST_TEST(mentions(problem("redis://h:65536"), "the port"));
  BOOST_TEST(mentions(problem("redis://h:66x"), "the port"));
  BOOST_TEST(mentions(problem("redis://h:99999"), "the port"));
  BOOST_TEST(mentions(problem("redis://h/x"), "the database"));
  BOOST_TEST(mentions(problem("redis://h/-1"), "the database"));
  BOOST_TEST(mentions(problem("redis://h/1/2"), "the database"));
  BOOST_TEST(mentions(problem("redis://h/99999999999"), "the database"));
  BOOST_TEST(mentions(problem("redis://h?db=1"), "no ?parameters"));
  BOOST_TEST(mentions(problem("redis://h#x"), "fragment"));
  BOOST_TEST(mentions(problem("redis://bot@h"), "needs a password"));
  BOOST_TEST(mentions(problem("redis://:p@ss@h:6379/0"), "%40"));
  BOOST_TEST(mentions(problem("unix://:p@ss@/r"), "%40"));
  BOOST_TEST(mentions(problem("redis://[v1.x]"), "unknown kind"));
  BOOST_TEST(mentions(problem("redis://a%00b"), "control"));
  BOOST_TEST(mentions(problem("unix://"), "path of the socket is missing"));
  BOOST_TEST(mentions(problem("unix:///"), "path of the socket is missing"));
  BOOST_TEST(mentions(problem("unix://run/redis.sock"), "takes no host"));
  BOOST_TEST(mentions(problem("unix:///run/%00/r.sock"), "control"));
  BOOST_TEST(mentions(problem("unix:///" + std::string(200, 'x')), "longer than"));
  BOOST_TEST(mentions(problem("unix:///r.sock?database=1"), "only parameter"));
  BOOST_TEST(mentions(problem("unix:///r.sock?db=1&db=2"), "twice"));
  BOOST_TEST(mentions(problem("unix:///r.sock?db=x"), "the database"));
  BOOST_TEST(mentions(problem("unix:///r.sock?db"), "the database"));
}

BOOST_AUTO_TEST_CASE(no_message_shows_user_or_password) {
  for (std::string_view url :
       {"hidden:topsecret@h", "hidden://topsecret@h", "redis://hidden:topsecret@@h", "redis://hidden:topsecret@h/x",
        "redis://hidden:topsecret@h:99999", "redis://hidden:topsecret@h?x=1", "rediss://hidden:topsecret@h:0",
        "redis://hidden:topsecret#@h", "unix://hidden:topsecret@h/r", "redis://hidden:%zztopsecret@h",
        "redis://hidden:topsecret@", "redis+sentinel://hidden:topsecret@a,b"}) {
    const auto said = problem(url);
    BOOST_TEST(!mentions(said, "topsecret"), said);
    BOOST_TEST(!mentions(said, "hidden"), said);
    BOOST_TEST(!mentions(said, "accepted"), said);
  }
  BOOST_TEST(!mentions(redis::parse_url("redis://hidden:topsecret@h/2").value().to_string(), "topsecret"));
  BOOST_TEST(!mentions(redis::parse_url("unix://hidden:topsecret@/r").value().to_string(), "hidden"));
}

BOOST_AUTO_TEST_SUITE_END()
