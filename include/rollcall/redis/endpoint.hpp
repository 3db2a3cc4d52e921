#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace rollcall::redis {

/// Where a Redis server is and who we are there.
struct endpoint {
  /// A UNIX socket when not empty; host and port are then unused.
  std::string path;
  /// A name or an address; IPv6 without brackets.
  std::string host;
  std::uint16_t port = 6379;
  /// Empty for Redis' default user.
  std::string user;
  /// Empty: do not authenticate.
  std::string password;
  unsigned database = 0;

  /// For messages: without user and password.
  [[nodiscard]] std::string to_string() const;
};

/// Reads `redis://[user:pass@]host[:port][/db]` and `unix://[user:pass@]/path[?db=N]` (percent-encoding undone), or
/// says what is wrong with it in a sentence that quotes neither user nor password.
std::expected<endpoint, std::string> parse_url(std::string_view url);

} // namespace rollcall::redis
