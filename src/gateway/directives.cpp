#include "rollcall/gateway/directives.hpp"

#include "rollcall/net/http_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace rollcall::gateway {

namespace http = boost::beast::http;

namespace {

using cache::milliseconds;

/// Cuts the next element off a comma-separated list; commas in quotes do not count.
std::string_view cut(std::string_view& list) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end) {
    if (list[end] == '"')
      quoted = !quoted;
    else if (quoted && list[end] == '\\')
      ++end;
  }
  end = std::min(end, list.size());
  const auto element = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return net::trimmed(element);
}

/// delta-seconds (RFC 9111 section 1.2.2): what is too large is as good as for ever.
std::optional<milliseconds> seconds_in(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  std::uint32_t seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || end != text.data() + text.size() || ec == std::errc::invalid_argument)
    return std::nullopt;
  constexpr std::uint32_t most = 1U << 31;
  return std::chrono::seconds(ec == std::errc::result_out_of_range ? most : std::min(seconds, most));
}

void heed(std::string_view element, cache::directives& d) {
  const auto equals = element.find('=');
  const auto name = net::trimmed(element.substr(0, equals));
  const auto at_most = [&d](milliseconds age) { d.max_age = std::min(d.max_age.value_or(age), age); };
  if (net::iequals(name, "no-cache")) {
    at_most(milliseconds(0));
  } else if (net::iequals(name, "no-store")) {
    d.no_store = true;
  } else if (net::iequals(name, "only-if-cached")) {
    d.only_if_cached = true;
  } else if (net::iequals(name, "max-age") && equals != std::string_view::npos) {
    if (const auto age = seconds_in(net::trimmed(element.substr(equals + 1))))
      at_most(*age);
  }
}

} // namespace

cache::directives directives_of(const net::request_head& head) {
  cache::directives d;
  if (!head.may_have(http::field::cache_control) && !head.may_have(http::field::pragma))
    return d;
  bool controlled = false;
  bool pragma = false;
  for (const auto& f : head.fields) {
    if (f.id != http::field::cache_control && f.id != http::field::pragma)
      continue;
    controlled = controlled || f.id == http::field::cache_control;
    for (std::string_view rest = f.value; !rest.empty();)
      if (const auto element = cut(rest); f.id == http::field::cache_control)
        heed(element, d);
      else
        pragma = pragma || net::iequals(element, "no-cache");
  }
  if (pragma && !controlled)
    d.max_age = milliseconds(0);
  return d;
}

} // namespace rollcall::gateway
