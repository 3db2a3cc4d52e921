#pragma once

#include "herding/poller.hpp"

#include <cstdint>
#include <span>
#include <string_view>

/// TCP on the loopback address. None of these blocks but connect_to(), and that only for the handshake; all throw
/// std::system_error where they do not say otherwise.
namespace rollcall::herding {

/// Port 0 takes a free one.
descriptor listen_on(std::uint16_t port);
std::uint16_t port_of(const descriptor& listening);
/// Closed when there is nobody to accept.
descriptor accept_from(const descriptor& listening);

descriptor connect_to(std::uint16_t port);

/// What there is to read, as a view of `buffer`.
struct received {
  std::string_view bytes;
  bool ended = false; ///< by the peer, or by an error
};
received receive(const descriptor& from, std::span<char> buffer);

/// How many bytes the kernel took; nothing when the connection is broken.
std::size_t send_some(const descriptor& to, std::string_view bytes);

} // namespace rollcall::herding
