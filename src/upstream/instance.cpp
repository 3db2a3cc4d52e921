#include "rollcall/upstream/instance.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rollcall::upstream {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::uint16_t usual_port(bool tls) {
  return tls ? 443 : 80;
}

} // namespace

std::string instance::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  auto text = v6 ? '[' + host + ']' : host;
  if (port != usual_port(tls))
    text.append(1, ':').append(std::to_string(port));
  return text;
}

std::string instance::to_string() const {
  return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), base_path);
}

std::expected<instance, std::string> parse_instance(std::string_view url) {
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (!parsed)
    return std::unexpected(std::string("is not a URL such as http://127.0.0.1:18081"));
  const auto scheme = parsed->scheme_id();
  if (scheme != boost::urls::scheme::http && scheme != boost::urls::scheme::https)
    return std::unexpected(
        fmt::format("has the scheme {}; only http and https are supported", std::string(parsed->scheme())));
  if (parsed->has_userinfo() || parsed->has_query() || parsed->has_fragment())
    return std::unexpected(std::string("has a user, query or fragment, which an instance's address cannot have"));
  instance i;
  i.tls = scheme == boost::urls::scheme::https;
  i.port = usual_port(i.tls);
  i.host = parsed->host_address();
  std::ranges::transform(i.host, i.host.begin(), lower); // one instance has one name
  if (i.host.empty())
    return std::unexpected(std::string("names no host"));
  // Unescaped it could hold anything, and it goes into the Host field of every request.
  if (parsed->encoded_host().find('%') != std::string_view::npos)
    return std::unexpected(std::string("has an escape in its host"));
  if (parsed->has_port()) {
    const auto digits = parsed->port();
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), i.port);
    if (failed != std::errc() || i.port == 0) // Boost.URL 1.81 takes 99999 for another port
      return std::unexpected(std::string("has an impossible port"));
  }
  i.base_path = std::string(parsed->encoded_path());
  while (i.base_path.ends_with('/'))
    i.base_path.pop_back();
  return i;
}

} // namespace rollcall::upstream
