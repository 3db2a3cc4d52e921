#include "rollcall/redis/endpoint.hpp"

#include "url_parts.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rollcall::redis {
namespace {

namespace urls = boost::urls;

constexpr std::uint16_t redis_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;
/// Of a list; those that a deployment has beyond it are learned.
constexpr std::size_t nodes_most = 64;

/// A form of Redis whose URL has a list of hosts, which makes it no URL by the RFC.
struct listed_form {
  std::string_view scheme;
  deployment::form how;
  bool tls;
};
constexpr std::array<listed_form, 4> listed_forms{{
    {"redis+sentinel", deployment::form::sentinel, false},
    {"rediss+sentinel", deployment::form::sentinel, true},
    {"redis+cluster", deployment::form::cluster, false},
    {"rediss+cluster", deployment::form::cluster, true},
}};

/// `scheme://login@hosts rest`, as written.
struct listed_parts {
  std::string_view login; ///< with its @
  std::string_view hosts;
  std::string_view rest;
};

listed_parts split(std::string_view url) {
  url.remove_prefix(scheme_of(url).size() + std::string_view("://").size());
  const auto end = std::min(url.find_first_of("/?#"), url.size());
  const auto authority = url.substr(0, end);
  const auto at = authority.rfind('@');
  const auto login = at == std::string_view::npos ? 0 : at + 1;
  return {authority.substr(0, login), authority.substr(login), url.substr(end)};
}

url_problem read_nodes(std::string_view hosts, std::uint16_t usual_port, std::vector<host_port>& nodes) {
  for (std::size_t at = 0; at <= hosts.size();) {
    const auto end = std::min(hosts.find(',', at), hosts.size());
    const auto one = fmt::format("redis://{}", hosts.substr(at, end - at));
    const auto parsed = parse_parts(one);
    if (!parsed) {
      return "the list of hosts is not host:port,host:port";
    }
    host_port node{"", usual_port};
    if (auto wrong = read_host(*parsed, node)) {
      return wrong;
    }
    if (std::ranges::find(nodes, node) != nodes.end()) {
      return "a host is listed twice";
    }
    nodes.push_back(std::move(node));
    at = end + 1;
  }
  return nodes.size() > nodes_most ? url_problem(fmt::format("more than {} hosts are listed", nodes_most))
                                   : std::nullopt;
}

url_problem read_sentinel_login(const urls::url_view& url, deployment& d) {
  const std::array<std::pair<std::string_view, std::string*>, 2> known{
      {{"sentinel_user", &d.sentinel_user}, {"sentinel_password", &d.sentinel_password}}};
  for (const auto& p : url.params()) {
    const auto which = std::ranges::find(known, std::string_view(p.key), [](const auto& k) { return k.first; });
    if (which == known.end()) {
      return "the only parameters that redis+sentinel:// takes are sentinel_user and sentinel_password";
    }
    if (!which->second->empty()) {
      return fmt::format("the parameter {} is given twice", which->first);
    }
    if (p.value.empty()) {
      return fmt::format("the parameter {} has no value", which->first);
    }
    *which->second = p.value;
  }
  if (!d.sentinel_user.empty() && d.sentinel_password.empty()) {
    return "sentinel_user needs a sentinel_password";
  }
  return {};
}

url_problem read_sentinel(const urls::url_view& url, deployment& d) {
  auto segments = url.segments();
  auto next = segments.begin();
  if (next != segments.end()) {
    d.master = *next++;
  }
  if (d.master.empty()) {
    return "the name of the master is missing: write redis+sentinel://host:port,host:port/name";
  }
  if (has_control(d.master) || d.master.find(' ') != std::string::npos) {
    return "the name of the master has spaces or control characters";
  }
  if (next != segments.end()) {
    if (auto wrong = read_database(*next++, d.server.database)) {
      return wrong;
    }
  }
  if (next != segments.end()) {
    return "after the name of the master only the database may follow";
  }
  return read_sentinel_login(url, d);
}

url_problem read_cluster(const urls::url_view& url) {
  if (url.has_query()) {
    return "redis+cluster:// takes no ?parameters";
  }
  if (const std::string path = url.path(); !path.empty() && path != "/") {
    return "redis+cluster:// takes no path: a cluster has no databases but 0";
  }
  return {};
}

std::expected<deployment, std::string> parse_listed(std::string_view url, const listed_form& form) {
  deployment d;
  d.how = form.how;
  d.server.tls = form.tls;
  d.server.host.clear();
  const bool sentinel = form.how == deployment::form::sentinel;
  const auto parts = split(url);
  const auto one_host = fmt::format("redis://{}h{}", parts.login, parts.rest);
  const auto parsed = parse_parts(one_host);
  if (!parsed) {
    return std::unexpected(parsed.error());
  }
  auto wrong = read_login(*parsed, d.server);
  if (!wrong) {
    wrong = read_nodes(parts.hosts, sentinel ? sentinel_port : redis_port, d.nodes);
  }
  if (!wrong) {
    wrong = sentinel ? read_sentinel(*parsed, d) : read_cluster(*parsed);
  }
  if (wrong) {
    return std::unexpected(std::move(*wrong));
  }
  return d;
}

} // namespace

std::expected<deployment, std::string> parse_deployment(std::string_view url) {
  for (const auto& form : listed_forms) {
    if (has_scheme(url, form.scheme)) {
      return parse_listed(url, form);
    }
  }
  if (!has_scheme(url, "redis") && !has_scheme(url, "rediss") && !has_scheme(url, "unix")) {
    return std::unexpected("the scheme must be redis://, rediss://, redis+sentinel://, rediss+sentinel://, "
                           "redis+cluster://, rediss+cluster:// or unix://");
  }
  auto only = parse_url(url);
  if (!only) {
    return std::unexpected(std::move(only.error()));
  }
  return deployment(std::move(*only));
}

std::string deployment::to_string() const {
  const auto form =
      std::ranges::find_if(listed_forms, [this](const listed_form& f) { return f.how == how && f.tls == server.tls; });
  if (form == listed_forms.end()) {
    return server.to_string();
  }
  auto text = fmt::format("{}://", form->scheme);
  for (const auto& node : nodes) {
    text.append(&node == nodes.data() ? "" : ",").append(redis::to_string(node));
  }
  if (how == form::sentinel) {
    text.append("/").append(urls::encode(master, urls::unreserved_chars));
    if (server.database != 0) {
      text.append(fmt::format("/{}", server.database));
    }
  }
  return text;
}

} // namespace rollcall::redis
