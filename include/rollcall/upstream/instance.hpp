#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace rollcall::upstream {

/// Where an upstream instance is.
struct instance {
  std::string host;
  std::uint16_t port = 80;
  bool tls = false;
  /// Prefix of every path, without a slash at its end; usually empty.
  std::string base_path;

  /// The Host field of requests to it.
  [[nodiscard]] std::string authority() const;
  /// For messages.
  [[nodiscard]] std::string to_string() const;
};

/// Reads `http://host[:port][/base]`, or the same with https, or says what is wrong with it.
std::expected<instance, std::string> parse_instance(std::string_view url);

} // namespace rollcall::upstream
