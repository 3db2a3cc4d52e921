#include "rollcall/net/passing.hpp"

#include <boost/asio/error.hpp>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rollcall::net {

namespace {

error_code last_error() {
  return {errno, boost::system::system_category()};
}

struct address {
  sockaddr_un where{};
  socklen_t size = 0;
};

// A name that begins with a NUL byte is no path (unix(7)).
std::expected<address, error_code> address_of(std::string_view name) {
  address a;
  a.where.sun_family = AF_UNIX;
  if (name.empty() || name.size() >= sizeof a.where.sun_path)
    return std::unexpected(error_code(asio::error::name_too_long));
  std::memcpy(a.where.sun_path + 1, name.data(), name.size());
  a.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return a;
}

const sockaddr* as_any(const sockaddr_un& a) {
  return reinterpret_cast<const sockaddr*>(&a);
}

using control_buffer = std::array<std::byte, CMSG_SPACE(passed_most * sizeof(int))>;

// All that a message carries becomes somebody's, whatever else is wrong with it.
std::vector<descriptor> descriptors_in(msghdr& m) {
  std::vector<descriptor> found;
  for (auto* c = CMSG_FIRSTHDR(&m); c != nullptr; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
      continue;
    const auto count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(c) + i * sizeof number, sizeof number);
      found.emplace_back(number);
    }
  }
  return found;
}

} // namespace

std::expected<descriptor, error_code> listen_as(std::string_view name) {
  const auto a = address_of(name);
  if (!a)
    return std::unexpected(a.error());
  descriptor s(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!s.is_open() || ::bind(s.get(), as_any(a->where), a->size) != 0 || ::listen(s.get(), 4) != 0)
    return std::unexpected(last_error());
  return s;
}

std::expected<descriptor, error_code> connect_to(std::string_view name, std::chrono::milliseconds limit) {
  const auto a = address_of(name);
  if (!a)
    return std::unexpected(a.error());
  descriptor s(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  timeval wait{};
  wait.tv_sec = limit.count() / 1000;
  wait.tv_usec = limit.count() % 1000 * 1000;
  for (const int direction : {SO_RCVTIMEO, SO_SNDTIMEO}) // the latter bounds connect(2) as well
    if (::setsockopt(s.get(), SOL_SOCKET, direction, &wait, sizeof wait) != 0)
      return std::unexpected(last_error());
  if (::connect(s.get(), as_any(a->where), a->size) != 0)
    return std::unexpected(last_error());
  return s;
}

std::expected<peer, error_code> peer_of(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
    return std::unexpected(last_error());
  return peer{who.pid, who.uid};
}

error_code send_message(int socket, std::string_view text, std::span<const int> sockets) {
  assert(!text.empty() && text.size() <= message_most && sockets.size() <= passed_most);
  alignas(cmsghdr) control_buffer control{};
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  if (!sockets.empty()) {
    m.msg_control = control.data();
    m.msg_controllen = CMSG_SPACE(sockets.size_bytes());
    auto* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sockets.size_bytes());
    std::memcpy(CMSG_DATA(c), sockets.data(), sockets.size_bytes());
  }
  return ::sendmsg(socket, &m, MSG_NOSIGNAL) < 0 ? last_error() : error_code();
}

std::expected<message, error_code> receive_message(int socket) {
  alignas(cmsghdr) control_buffer control{};
  std::array<char, message_most> text{};
  iovec part{text.data(), text.size()};
  msghdr m{};
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control.data();
  m.msg_controllen = control.size();
  const auto n = ::recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
  if (n < 0)
    return std::unexpected(last_error());
  message got{std::string(text.data(), static_cast<std::size_t>(n)), descriptors_in(m)};
  if (n == 0)
    return std::unexpected(error_code(asio::error::eof));
  if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
    return std::unexpected(error_code(asio::error::message_size));
  return got;
}

} // namespace rollcall::net
