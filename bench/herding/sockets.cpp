#include "herding/sockets.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace rollcall::herding {
namespace {

constexpr int backlog = 4096;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void send_at_once(const descriptor& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

descriptor open_socket(int flags) {
  descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket.open()) {
    fail("socket");
  }
  return socket;
}

} // namespace

descriptor listen_on(std::uint16_t port) {
  auto listening = open_socket(SOCK_NONBLOCK);
  const int on = 1;
  ::setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listening.get(), backlog) != 0) {
    fail("port " + std::to_string(port));
  }
  return listening;
}

std::uint16_t port_of(const descriptor& listening) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail("getsockname");
  }
  return ntohs(address.sin_port);
}

descriptor accept_from(const descriptor& listening) {
  descriptor accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted.open()) {
    send_at_once(accepted);
  } else if (errno == EMFILE || errno == ENFILE) {
    fail("accept");
  }
  return accepted;
}

descriptor connect_to(std::uint16_t port) {
  auto connected = open_socket(0);
  const auto address = loopback(port);
  if (::connect(connected.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("a connection to port " + std::to_string(port));
  }
  send_at_once(connected);
  return connected;
}

received receive(const descriptor& from, std::span<char> buffer) {
  const auto count = ::recv(from.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    return {{buffer.data(), static_cast<std::size_t>(count)}, false};
  }
  return {{}, count == 0 || (errno != EAGAIN && errno != EINTR)};
}

std::size_t send_some(const descriptor& to, std::string_view bytes) {
  const auto count = ::send(to.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

} // namespace rollcall::herding
