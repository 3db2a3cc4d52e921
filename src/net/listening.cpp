#include "rollcall/net/listening.hpp"

#include "rollcall/net/executor.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

namespace rollcall::net {

namespace {

constexpr int backlog = 4096;
// Of an answer that its client does not read, so much waits in the kernel beyond what is on its way, and the rest in
// its outbox, which copies nothing. Without a bound it is tcp_wmem's 4 MiB: 500 such clients had it take 1.7 GB, and
// lanes copy for a second in which they served nobody else.
constexpr int unsent_most = 128 << 10;

void check(int result, const std::string& where) {
  if (result < 0)
    throw boost::system::system_error(error_code(errno, boost::system::system_category()), where);
}

void set(int socket, int option, int value, const std::string& where) {
  check(::setsockopt(socket, SOL_SOCKET, option, &value, sizeof value), where);
}

std::optional<int> get(int socket, int option) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, SOL_SOCKET, option, &value, &size) != 0)
    return std::nullopt;
  return value;
}

std::optional<tcp::endpoint> bound_to(int socket) noexcept {
  tcp::endpoint at;
  auto size = static_cast<socklen_t>(at.capacity());
  if (::getsockname(socket, at.data(), &size) != 0 || size > at.capacity())
    return std::nullopt;
  const auto family = at.data()->sa_family;
  if (family != AF_INET && family != AF_INET6)
    return std::nullopt;
  at.resize(size);
  return at;
}

} // namespace

descriptor open_port(const std::string& host, std::uint16_t port, port_use use) {
  const auto where = fmt::format("cannot listen on {}:{}", host, port);
  const tcp::endpoint at(asio::ip::make_address(host), port);
  descriptor s(::socket(at.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  check(s.get(), where);
  set(s.get(), SO_REUSEADDR, 1, where);
  // Without the option, binding tells whether the port is free; with it from then on, others may join.
  set(s.get(), SO_REUSEPORT, use == port_use::join ? 1 : 0, where);
  check(::bind(s.get(), at.data(), static_cast<socklen_t>(at.size())), where);
  set(s.get(), SO_REUSEPORT, 1, where);
  // Accepted sockets inherit it.
  check(::setsockopt(s.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_most, sizeof unsent_most), where);
  check(::listen(s.get(), backlog), where);
  return s;
}

std::uint16_t port_of(int socket) noexcept {
  const auto at = bound_to(socket);
  return at ? at->port() : std::uint16_t{0};
}

bool listens_at(int socket, const std::string& host, std::uint16_t port) noexcept {
  error_code ec;
  const auto wanted = asio::ip::make_address(host, ec);
  const auto at = bound_to(socket);
  return !ec && at && at->address() == wanted && at->port() == port && get(socket, SO_TYPE) == SOCK_STREAM &&
         get(socket, SO_PROTOCOL) == IPPROTO_TCP && get(socket, SO_ACCEPTCONN) == 1;
}

} // namespace rollcall::net
