#pragma once

#include "rollcall/net/edge_socket.hpp"
#include "rollcall/net/tls.hpp"

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rollcall::net {

/// What a server gave us to be recognised by the next time, which saves a handshake most of its work.
using tls_session = std::shared_ptr<SSL_SESSION>;

/// Our end of a TLS connection over an edge_socket, which outlives it and stays where it is. Like that one it waits for
/// nothing: what cannot go on says asio::error::would_block, and an edge says when to try again. The server has to
/// prove its name; renegotiation is refused.
///
/// A write that has said would_block is tried again with the same bytes, or never again any write.
class edge_tls {
public:
  /// `resume`: of an earlier connection to the same server, or null. Throws std::bad_alloc.
  edge_tls(tls_context& context, edge_socket& over, const std::string& host, const tls_session& resume);

  /// As far as it goes. An error is the end: failure() tells of it.
  std::expected<void, error_code> handshake();
  /// Whether the handshake waits for room to write, and not for something to read.
  [[nodiscard]] bool wants_room() const noexcept { return wants_room_; }
  /// Why it failed, for operators.
  [[nodiscard]] std::string failure(const error_code& ec) const { return handshake_failure(connection_.get(), ec); }
  /// That is because of the server's certificate.
  [[nodiscard]] bool refused_certificate() const noexcept;

  /// As edge_socket::read(). An end that the server does not announce is an error: somebody else may have cut it off.
  std::expected<std::size_t, error_code> read(std::span<char> to) noexcept;
  /// As edge_socket::write(); takes up to 16 KiB at a time.
  std::expected<std::size_t, error_code> write(std::span<const iovec> from);
  /// A read may give something although the socket has nothing.
  [[nodiscard]] bool may_read() const noexcept { return SSL_pending(connection_.get()) > 0 || room_for_read_; }
  /// The socket takes bytes again: true when that is what a read waits for.
  bool note_room() noexcept;

  /// Tells the server that it is the end, if the socket takes it.
  void close() noexcept;

  /// For later connections; null when there is none.
  [[nodiscard]] tls_session session() const;
  [[nodiscard]] bool is_resumed() const noexcept { return SSL_session_reused(connection_.get()) == 1; }

private:
  struct free_connection {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
  };

  std::unexpected<error_code> what_ails(int result) noexcept;

  edge_socket& socket_;
  std::unique_ptr<SSL, free_connection> connection_;
  error_code socket_error_; // the last of the socket's own
  bool wants_room_ = false;
  bool room_for_read_ = false;
  bool broken_ = false;
  std::vector<char> gathered_; // what several parts are copied into, to leave as one record

  friend struct edge_bio;
};

} // namespace rollcall::net
