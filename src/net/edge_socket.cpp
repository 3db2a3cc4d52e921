#include "rollcall/net/edge_socket.hpp"

#include <boost/asio/error.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>

namespace rollcall::net {

namespace {

std::unexpected<error_code> failure(int number) noexcept {
  if (number == EAGAIN || number == EWOULDBLOCK)
    return std::unexpected(error_code(asio::error::would_block));
  return std::unexpected(error_code(number, boost::system::system_category()));
}

template <class Call>
ssize_t uninterrupted(Call call) noexcept {
  ssize_t n = 0;
  do
    n = call();
  while (n < 0 && errno == EINTR);
  return n;
}

} // namespace

bool edge_socket::note(std::uint32_t events) noexcept {
  ended_ = ended_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  gone_ = gone_ || (events & EPOLLHUP) != 0;
  readable_ = readable_ || ended_ || (events & EPOLLIN) != 0;
  return (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
}

std::expected<std::size_t, error_code> edge_socket::read(std::span<char> to) noexcept {
  const auto n = uninterrupted([&] { return ::recv(native_handle(), to.data(), to.size(), 0); });
  if (n < 0) {
    readable_ = false;
    return failure(errno);
  }
  // Less than there was room for: the kernel has no more, and tells of what comes later (epoll(7), Q9).
  const auto size = static_cast<std::size_t>(n);
  readable_ = size == to.size() || ended_;
  return size;
}

std::expected<std::size_t, error_code> edge_socket::write(std::span<const iovec> from, bool more) noexcept {
  const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  const auto n = uninterrupted([&] {
    if (from.size() == 1) // a plain send is cheaper
      return ::send(native_handle(), from.front().iov_base, from.front().iov_len, flags);
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(from.data());
    message.msg_iovlen = from.size();
    return ::sendmsg(native_handle(), &message, flags);
  });
  if (n < 0)
    return failure(errno);
  return static_cast<std::size_t>(n);
}

std::expected<std::size_t, error_code> edge_socket::write(const file_part& from) noexcept {
  const auto n = uninterrupted([&] {
    auto offset = from.offset;
    return ::sendfile(native_handle(), from.file, &offset, from.bytes.size());
  });
  if (n > 0)
    return static_cast<std::size_t>(n);
  if (n < 0 && errno != EINVAL && errno != ENOSYS && errno != EPERM && errno != EIO)
    return failure(errno);
  // Not from this file, or not with this kernel, or not with what a sandbox allows.
  const iovec copied{const_cast<char*>(from.bytes.data()), from.bytes.size()};
  return write(std::span(&copied, 1));
}

void edge_socket::set_no_delay() noexcept {
  const int on = 1;
  ::setsockopt(native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void edge_socket::reset_on_close() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void edge_socket::acknowledge_quickly() noexcept {
  const int on = 1;
  ::setsockopt(native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

bool edge_socket::shutdown_send() noexcept {
  return ::shutdown(native_handle(), SHUT_WR) == 0;
}

} // namespace rollcall::net
