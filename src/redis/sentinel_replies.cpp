#include "sentinel_replies.hpp"

#include "url_parts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>

namespace rollcall::redis {
namespace {

/// The longest name that DNS has.
constexpr std::size_t host_most = 253;

template <class T>
std::optional<T> number_in(std::string_view digits) {
  T n = 0;
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return ec == std::errc{} && end == digits.data() + digits.size() ? std::optional(n) : std::nullopt;
}

std::optional<host_port> address_of(std::string_view host, std::string_view port) {
  const auto n = number_in<std::uint16_t>(port);
  if (!n || *n == 0 || host.empty() || host.size() > host_most || has_control(host) || host.contains(' ')) {
    return std::nullopt;
  }
  return host_port{std::string(host), *n};
}

/// Of an array of names and values in turn.
std::string_view field_of(const reply& r, std::string_view name) {
  for (std::size_t i = 0; i + 1 < r.size(); i += 2) {
    if (r[i].text() == name) {
      return r[i + 1].text();
    }
  }
  return {};
}

} // namespace

std::optional<host_port> read_address(const reply& r) {
  return r.size() == 2 ? address_of(r[0].text(), r[1].text()) : std::nullopt;
}

std::uint64_t read_config_epoch(const reply& r) {
  return number_in<std::uint64_t>(field_of(r, "config-epoch")).value_or(0);
}

std::vector<host_port> read_sentinels(const reply& r) {
  std::vector<host_port> all;
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (auto one = address_of(field_of(r[i], "ip"), field_of(r[i], "port"))) {
      all.push_back(std::move(*one));
    }
  }
  return all;
}

/// `message`, the channel, and `<name> <old host> <old port> <new host> <new port>`.
std::optional<master_switch> read_switch(const reply& r, std::string_view master) {
  if (r.size() != 3 || r[0].text() != "message" || r[1].text() != switch_channel) {
    return std::nullopt;
  }
  std::array<std::string_view, 5> words;
  std::size_t count = 0;
  for (const auto word : std::views::split(r[2].text(), ' ')) {
    if (count == words.size()) {
      return std::nullopt;
    }
    words[count++] = std::string_view(word);
  }
  if (count != words.size() || words[0] != master) {
    return std::nullopt;
  }
  auto from = address_of(words[1], words[2]);
  auto to = address_of(words[3], words[4]);
  if (!from || !to) {
    return std::nullopt;
  }
  return master_switch{std::move(*from), std::move(*to)};
}

} // namespace rollcall::redis
