#include "rollcall/redis/endpoint.hpp"

#include "url_parts.hpp"

#include <fmt/format.h>
#include <sys/un.h>

namespace rollcall::redis {
namespace {

namespace urls = boost::urls;

constexpr std::size_t path_most = sizeof(sockaddr_un::sun_path) - 1;

url_problem read_tcp(const urls::url_view& url, endpoint& e) {
  if (url.has_query()) {
    return fmt::format("{}:// takes no ?parameters", e.tls ? "rediss" : "redis");
  }
  host_port at;
  if (auto wrong = read_host(url, at)) {
    return wrong;
  }
  e.host = std::move(at.host);
  e.port = at.port;
  const std::string path = url.path();
  if (path.empty() || path == "/") {
    return {};
  }
  return read_database(std::string_view(path).substr(1), e.database);
}

url_problem read_unix(const urls::url_view& url, endpoint& e) {
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
  endpoint e;
  e.tls = has_scheme(url, "rediss");
  const bool local = has_scheme(url, "unix");
  if (!local && !e.tls && !has_scheme(url, "redis")) {
    // Not quoted: in `user:pass@host` without a scheme, what stands there may be a secret.
    return std::unexpected("the scheme must be redis://, rediss:// or unix://");
  }
  const auto parsed = parse_parts(url);
  if (!parsed) {
    return std::unexpected(parsed.error());
  }
  auto wrong = read_login(*parsed, e);
  if (!wrong) {
    wrong = local ? read_unix(*parsed, e) : read_tcp(*parsed, e);
  }
  if (wrong) {
    return std::unexpected(std::move(*wrong));
  }
  return e;
}

std::string endpoint::to_string() const {
  if (!path.empty()) {
    return database == 0 ? fmt::format("unix://{}", path) : fmt::format("unix://{}?db={}", path, database);
  }
  auto text = fmt::format("redis{}://{}", tls ? "s" : "", redis::to_string(host_port{host, port}));
  return database == 0 ? text : fmt::format("{}/{}", text, database);
}

} // namespace rollcall::redis
