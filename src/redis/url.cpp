#include "rollcall/redis/endpoint.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <optional>

namespace rollcall::redis {
namespace {

namespace urls = boost::urls;

using problem = std::optional<std::string>;

constexpr std::size_t path_most = sizeof(sockaddr_un::sun_path) - 1;

bool same_scheme(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

/// Told before the URL is parsed: lists of hosts are no URL.
problem scheme_problem(std::string_view scheme) {
  for (std::string_view later : {"rediss", "redis+sentinel", "redis+cluster"}) {
    if (same_scheme(scheme, later)) {
      return fmt::format("{}:// is not supported yet", later);
    }
  }
  // Not quoted: in `user:pass@host` without a scheme, what stands here may be a secret.
  return "the scheme must be redis:// or unix://";
}

bool has_control(std::string_view s) {
  return std::ranges::any_of(s, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

template <class T>
bool read_number(std::string_view digits, T& n) {
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return ec == std::errc{} && end == digits.data() + digits.size();
}

problem read_database(std::string_view digits, unsigned& database) {
  if (!read_number(digits, database) || database > INT_MAX) {
    return "the database must be a number from 0 on";
  }
  return {};
}

problem read_login(const urls::url_view& url, endpoint& e) {
  e.user = url.user();
  e.password = url.password();
  if (!e.user.empty() && e.password.empty()) {
    return "a user name needs a password (user:pass@)";
  }
  return {};
}

problem read_tcp(const urls::url_view& url, endpoint& e) {
  if (url.has_query()) {
    return "redis:// takes no ?parameters";
  }
  if (url.host_type() == urls::host_type::ipvfuture) {
    return "the host is an address of an unknown kind";
  }
  e.host = url.host_address();
  if (e.host.empty()) {
    return "the host is missing";
  }
  if (has_control(e.host)) {
    return "the host has control characters";
  }
  // Not port_number(): in Boost 1.81 that of 99999 is 34463.
  if (const std::string_view port = url.port(); !port.empty() && (!read_number(port, e.port) || e.port == 0)) {
    return "the port must be a number from 1 to 65535";
  }
  const std::string path = url.path();
  if (path.empty() || path == "/") {
    return {};
  }
  if (path.front() != '/') { // Boost 1.81 takes `host:66x` for port 66 and path x
    return "the port must be a number from 1 to 65535";
  }
  return read_database(std::string_view(path).substr(1), e.database);
}

problem read_unix(const urls::url_view& url, endpoint& e) {
  if (!url.host().empty() || url.has_port()) {
    return "unix:// takes no host: write unix:///path";
  }
  e.path = url.path();
  if (e.path.size() < 2 || e.path.front() != '/') {
    return "the path of the socket is missing";
  }
  if (has_control(e.path)) {
    return "the path of the socket has control characters";
  }
  if (e.path.size() > path_most) {
    return fmt::format("the path of the socket is longer than {} bytes", path_most);
  }
  bool seen = false;
  for (const auto& p : url.params()) {
    if (p.key != "db") {
      return "the only parameter that unix:// takes is db";
    }
    if (seen) {
      return "the parameter db is given twice";
    }
    seen = true;
    if (auto wrong = read_database(p.value, e.database)) {
      return wrong;
    }
  }
  return {};
}

} // namespace

std::expected<endpoint, std::string> parse_url(std::string_view url) {
  const auto colon = url.find("://");
  const bool tcp = colon != std::string_view::npos && same_scheme(url.substr(0, colon), "redis");
  const bool local = colon != std::string_view::npos && same_scheme(url.substr(0, colon), "unix");
  if (!tcp && !local) {
    return std::unexpected(*scheme_problem(url.substr(0, colon == std::string_view::npos ? 0 : colon)));
  }
  auto parsed = urls::parse_uri(url);
  if (!parsed) {
    return std::unexpected("not a valid URL (special characters in user and password must be percent-encoded)");
  }
  if (parsed->has_fragment()) {
    return std::unexpected("a #fragment has no meaning here (in user and password, # must be percent-encoded)");
  }
  endpoint e;
  auto wrong = read_login(*parsed, e);
  if (!wrong) {
    wrong = tcp ? read_tcp(*parsed, e) : read_unix(*parsed, e);
  }
  if (wrong) {
    return std::unexpected(std::move(*wrong));
  }
  return e;
}

std::expected<deployment, std::string> parse_deployment(std::string_view url) {
  auto only = parse_url(url);
  if (!only) {
    return std::unexpected(std::move(only.error()));
  }
  return deployment(std::move(*only));
}

std::string deployment::to_string() const {
  return server.to_string();
}

std::string endpoint::to_string() const {
  if (!path.empty()) {
    return database == 0 ? fmt::format("unix://{}", path) : fmt::format("unix://{}?db={}", path, database);
  }
  const bool v6 = host.find(':') != std::string::npos;
  auto text = fmt::format("redis://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
  return database == 0 ? text : fmt::format("{}/{}", text, database);
}

} // namespace rollcall::redis
