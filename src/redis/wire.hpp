#pragma once

#include "rollcall/net/executor.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <optional>
#include <string>
#include <utility>

namespace rollcall::redis {

/// A socket, TCP or UNIX, and TLS over it once that has begun. To Asio it is a stream; without TLS each operation is
/// that of the socket, for the price of looking whether there is TLS.
class wire {
public:
  using protocol = net::asio::generic::stream_protocol;
  using socket_type = net::asio::basic_stream_socket<protocol, net::executor>;
  using tls_type = net::asio::ssl::stream<socket_type&>;
  using executor_type = net::executor;

  explicit wire(const net::executor& where) : socket_(where) {}
  wire(const wire&) = delete; // the TLS stream refers to the socket
  wire& operator=(const wire&) = delete;

  [[nodiscard]] executor_type get_executor() noexcept { return socket_.get_executor(); }
  [[nodiscard]] socket_type& socket() noexcept { return socket_; }
  [[nodiscard]] const socket_type& socket() const noexcept { return socket_; }

  /// From here on all goes through TLS, beginning with the handshake, which is the caller's. Once, when connected.
  tls_type& begin_tls(net::asio::ssl::context& trust) { return tls_.emplace(socket_, trust); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    return tls_ ? tls_->async_read_some(into, std::forward<Token>(token))
                : socket_.async_read_some(into, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return tls_ ? tls_->async_write_some(from, std::forward<Token>(token))
                : socket_.async_write_some(from, std::forward<Token>(token));
  }

  /// No farewell of TLS: replies have an end that shows, and nobody waits for one who does not answer.
  void close() {
    net::error_code ignored; // there is nothing left to do about it
    socket_.close(ignored);
  }

private:
  socket_type socket_;
  std::optional<tls_type> tls_;
};

} // namespace rollcall::redis
