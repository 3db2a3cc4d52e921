#include "rollcall/upstream/instance.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace {

using rollcall::upstream::instance;
using rollcall::upstream::parse_instance;

BOOST_AUTO_TEST_SUITE(instance_suite)

BOOST_AUTO_TEST_CASE(addresses_are_read) {
  struct {
    std::string_view url;
    std::string_view host;
    std::uint16_t port;
    std::string_view base;
    std::string_view authority; // the Host field
  } const cases[] = {
      {"http://127.0.0.1:18081", "127.0.0.1", 18081, "", "127.0.0.1:18081"},
      {"http://127.0.0.1:18081/", "127.0.0.1", 18081, "", "127.0.0.1:18081"},
      {"http://bots.example", "bots.example", 80, "", "bots.example"},
      {"http://bots.example:80", "bots.example", 80, "", "bots.example"},
      {"http://bots.example:080", "bots.example", 80, "", "bots.example"},
      {"HTTP://bots.example:8080", "bots.example", 8080, "", "bots.example:8080"},
      {"http://Bots.EXAMPLE/V1", "bots.example", 80, "/V1", "bots.example"},
      {"http://bots.example/v1/api", "bots.example", 80, "/v1/api", "bots.example"},
      {"http://bots.example:65535/v1///", "bots.example", 65535, "/v1", "bots.example:65535"},
      {"http://bots.example/a%20b", "bots.example", 80, "/a%20b", "bots.example"},
      {"http://[::1]:18081/x", "::1", 18081, "/x", "[::1]:18081"},
      {"http://[fe80::1]", "fe80::1", 80, "", "[fe80::1]"},
  };
  for (const auto& c : cases) {
    const auto i = parse_instance(c.url);
    BOOST_TEST_CONTEXT(c.url) {
      BOOST_TEST_REQUIRE(i.has_value());
      BOOST_TEST(!i->tls);
      BOOST_TEST(i->host == c.host);
      BOOST_TEST(i->port == c.port);
      BOOST_TEST(i->base_path == c.base);
      BOOST_TEST(i->authority() == c.authority);
      BOOST_TEST(i->to_string() == std::string("http://").append(c.authority).append(c.base));
    }
  }
}

BOOST_AUTO_TEST_CASE(https_has_a_port_of_its_own) {
  for (const auto& [url, port, authority] : {std::tuple("https://bots.example", 443, "bots.example"),
                                             {"https://bots.example:443", 443, "bots.example"},
                                             {"HTTPS://bots.example:80", 80, "bots.example:80"},
                                             {"https://[::1]:8443", 8443, "[::1]:8443"}}) {
    const auto i = parse_instance(url);
    BOOST_TEST_REQUIRE(i.has_value());
    BOOST_TEST(i->tls);
    BOOST_TEST(i->port == port);
    BOOST_TEST(i->authority() == authority);
    BOOST_TEST(i->to_string() == std::string("https://") + authority);
  }
  BOOST_TEST(parse_instance("http://bots.example:443").value().authority() == "bots.example:443");
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused_with_the_reason) {
  struct {
    std::string_view url;
    std::string_view reason; // a part of it
  } const cases[] = {
      {"", "not a URL"},
      {"127.0.0.1:18081", "URL"},
      {"bots.example", "not a URL"},
      {"http://bots.example:99999", "port"},
      {"http://bots.example:0", "port"},
      {"http://bots.example:x", "port"},
      {"http://", "no host"},
      {"http:///path", "no host"},
      {"http:path", "no host"},
      {"ftp://bots.example", "only http"},
      {"http://user:secret@bots.example", "user"},
      {"http://bots.example?x=1", "query"},
      {"http://bots.example/#top", "fragment"},
      {"http://bots.example/a b", "not a URL"},
      {"http://bots.example/\r\nX: y", "not a URL"},
      {" http://bots.example", "not a URL"},
  };
  for (const auto& c : cases)
    BOOST_TEST_CONTEXT(c.url) {
      const auto i = parse_instance(c.url);
      BOOST_TEST_REQUIRE(!i.has_value());
      BOOST_TEST(i.error().find(c.reason) != std::string::npos, i.error());
      BOOST_TEST(i.error().find("secret") == std::string::npos);
    }
}

// The text becomes the Host field of every request: nothing in it may start a line of its own.
BOOST_AUTO_TEST_CASE(a_host_cannot_smuggle_bytes_into_the_head) {
  for (const std::string_view url : {"http://bots%0d%0aX:%20y", "http://bots%00.example", "http://bots%20x:80",
                                     "http://bots%2fx", "http://bots%40x", "http://b%3a80"}) {
    const auto i = parse_instance(url);
    const auto host = i ? i->host : std::string();
    BOOST_TEST(host.find_first_of(std::string_view("\r\n\0 /@", 6)) == std::string::npos, url);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
