#pragma once

#include "rollcall/net/descriptor.hpp"

#include <cstdint>
#include <string>

namespace rollcall::net {

/// Every thread has a listening socket of its own, and the kernel spreads the connections (SO_REUSEPORT). The first
/// claims the port, which fails when anybody listens there, another Rollcall included; the others join it.
enum class port_use { claim, join };

/// Binds and listens; accepting from the socket does not block. Throws boost::system::system_error whose text names the
/// address. Port 0 takes a free one.
descriptor open_port(const std::string& host, std::uint16_t port, port_use use = port_use::claim);

/// The port of a socket that is bound; 0 when it is not.
std::uint16_t port_of(int socket) noexcept;

/// It is a TCP socket that listens there, and nowhere else.
bool listens_at(int socket, const std::string& host, std::uint16_t port) noexcept;

} // namespace rollcall::net
