#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::load {

/// http://HOST[:PORT][/PATH]. There is no TLS: measure behind whatever ends it.
struct url {
  std::string host; ///< an IPv6 address without its brackets
  std::uint16_t port = 80;
  std::string path = "/";

  /// As a Host field and a message to a human have it.
  [[nodiscard]] std::string authority() const;
};
std::optional<url> parse_url(std::string_view text);

struct address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// The first address of a host that lets us connect. Blocks. Throws std::runtime_error, which names the host.
address find(const url& where);

/// One request on a connection of its own, blocking for up to `patience` a step: the body of an answer with status 200.
/// Throws std::runtime_error.
std::string ask_once(const address& where, std::string_view request, std::chrono::seconds patience);

} // namespace rollcall::load
