#include "url_parts.hpp"

#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <climits>

namespace rollcall::redis {

namespace urls = boost::urls;

namespace {

constexpr std::string_view wrong_port = "the port must be a number from 1 to 65535";

template <class T>
bool read_number(std::string_view digits, T& n) {
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return ec == std::errc{} && end == digits.data() + digits.size();
}

} // namespace

std::string_view scheme_of(std::string_view url) {
  const auto colon = url.find("://");
  return colon == std::string_view::npos ? std::string_view() : url.substr(0, colon);
}

bool has_scheme(std::string_view url, std::string_view lower_case) {
  return std::ranges::equal(scheme_of(url), lower_case,
                            [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

std::expected<urls::url_view, std::string> parse_parts(std::string_view url) {
  const auto parsed = urls::parse_uri(url);
  if (!parsed) {
    return std::unexpected("not a valid URL (special characters in user and password must be percent-encoded)");
  }
  if (parsed->has_fragment()) {
    return std::unexpected("a #fragment has no meaning here (in user and password, # must be percent-encoded)");
  }
  return *parsed;
}

bool has_control(std::string_view s) {
  return std::ranges::any_of(s, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

url_problem read_login(const urls::url_view& url, endpoint& e) {
  if (url.path().starts_with('@')) { // Boost 1.81 takes `:p@ss@host` for password p, host ss and path @host
    return "an @ in user or password must be percent-encoded (%40)";
  }
  e.user = url.user();
  e.password = url.password();
  if (!e.user.empty() && e.password.empty()) {
    return "a user name needs a password (user:pass@)";
  }
  return {};
}

url_problem read_host(const urls::url_view& url, host_port& at) {
  if (url.host_type() == urls::host_type::ipvfuture) {
    return "the host is an address of an unknown kind";
  }
  at.host = url.host_address();
  if (at.host.empty()) {
    return "the host is missing";
  }
  if (has_control(at.host)) {
    return "the host has control characters";
  }
  // Not port_number(): in Boost 1.81 that of 99999 is 34463.
  if (const std::string_view port = url.port(); !port.empty() && (!read_number(port, at.port) || at.port == 0)) {
    return std::string(wrong_port);
  }
  const std::string path = url.path();
  if (!path.empty() && path.front() != '/') { // Boost 1.81 takes `host:66x` for port 66 and path x
    return std::string(wrong_port);
  }
  return {};
}

url_problem read_database(std::string_view digits, unsigned& database) {
  if (!read_number(digits, database) || database > INT_MAX) {
    return "the database must be a number from 0 on";
  }
  return {};
}

std::string to_string(const host_port& at) {
  const bool v6 = at.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", at.host, v6 ? "]" : "", at.port);
}

} // namespace rollcall::redis
