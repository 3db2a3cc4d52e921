#pragma once

#include "rollcall/net/descriptor.hpp"
#include "rollcall/net/executor.hpp"

#include <sys/types.h>

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Conversations between processes of this machine, in which open sockets can be passed on: UNIX sockets that keep the
/// bounds of messages, named in the abstract namespace. Such a name is no file: it ends with its socket, and is seen
/// where the ports of this machine (this network namespace) are seen. None of these functions blocks unless the socket
/// does.
namespace rollcall::net {

/// What a message may carry.
inline constexpr std::size_t passed_most = 64;
inline constexpr std::size_t message_most = 256;

struct message {
  std::string text;
  std::vector<descriptor> sockets;
};

/// Whom the kernel says the other end belongs to.
struct peer {
  pid_t process = 0;
  uid_t user = 0;
};

/// A socket that listens under `name`; address_in_use when there is one.
std::expected<descriptor, error_code> listen_as(std::string_view name);
/// A connection to who does; connection_refused when nobody does. It blocks, for `limit` at most at a time.
std::expected<descriptor, error_code> connect_to(std::string_view name, std::chrono::milliseconds limit);

std::expected<peer, error_code> peer_of(int socket);

/// `text` has a byte at least, and message_most at most; `sockets` are passed_most at most, and stay the sender's too.
error_code send_message(int socket, std::string_view text, std::span<const int> sockets = {});
/// asio::error::eof at the end; a message that is longer or carries more than it may is an error.
std::expected<message, error_code> receive_message(int socket);

} // namespace rollcall::net
