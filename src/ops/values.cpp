#include "rollcall/ops/config.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace rollcall::ops {
namespace {

template <typename Number>
using unit = std::pair<std::string_view, Number>;

/// The digits that `text` begins with, which are cut off it. No sign, no space; nullopt when there is no digit or when
/// the number does not fit.
template <typename Number>
std::optional<Number> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9')
    return std::nullopt;
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{})
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <typename Number, std::size_t N>
std::optional<Number> number_with_unit(std::string_view text, const std::array<unit<Number>, N>& units) {
  const auto number = take_number<Number>(text);
  if (!number)
    return std::nullopt;
  for (const auto& [name, factor] : units)
    if (text == name && *number <= std::numeric_limits<Number>::max() / factor)
      return *number * factor;
  return std::nullopt;
}

bool is_numeric(int family, const std::string& host) {
  in6_addr storage;
  return inet_pton(family, host.c_str(), &storage) == 1;
}

} // namespace

std::string listen_address::to_string() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  using count = milliseconds::rep;
  static constexpr std::array<unit<count>, 4> units{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
  const auto number = number_with_unit(text, units);
  return number ? std::optional{milliseconds{*number}} : std::nullopt;
}

std::optional<std::size_t> parse_size(std::string_view text) {
  static constexpr std::array<unit<std::size_t>, 5> units{
      {{"", 1}, {"B", 1}, {"KiB", std::size_t{1} << 10}, {"MiB", std::size_t{1} << 20}, {"GiB", std::size_t{1} << 30}}};
  return number_with_unit(text, units);
}

std::optional<listen_address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto digits = text.substr(colon + 1);
  const auto port = take_number<std::uint16_t>(digits);
  if (!port || !digits.empty())
    return std::nullopt;

  std::string host{text.substr(0, colon)};
  if (host == "localhost")
    host = "127.0.0.1";
  // inet_pton stops at a NUL, which would let anything follow it.
  if (host.contains('\0'))
    return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_numeric(AF_INET6, host))
      return std::nullopt;
  } else if (!is_numeric(AF_INET, host)) {
    return std::nullopt;
  }
  return listen_address{std::move(host), *port};
}

} // namespace rollcall::ops
