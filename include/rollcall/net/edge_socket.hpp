#pragma once

#include "rollcall/net/descriptor.hpp"
#include "rollcall/net/executor.hpp"

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

namespace rollcall::net {

/// Bytes that are in a file as well as in memory.
struct file_part {
  int file;
  off_t offset;
  std::string_view bytes;
};

/// A TCP socket that does not block, and what is known of its readiness from the edges that a reactor told. Nothing
/// here waits: an operation that would says asio::error::would_block, and the next edge says when to try again.
class edge_socket {
public:
  edge_socket() = default;
  /// `socket` does not block already.
  explicit edge_socket(descriptor socket) noexcept : socket_(std::move(socket)) {}

  [[nodiscard]] int native_handle() const noexcept { return socket_.get(); }
  [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }

  /// Takes in what epoll_wait(2) told. True when a write that would have blocked is worth another try, if only to learn
  /// that the connection is gone.
  bool note(std::uint32_t events) noexcept;
  /// A read may give something: bytes, the end, or an error. False until an edge says so.
  [[nodiscard]] bool readable() const noexcept { return readable_; }
  /// The connection is gone in both directions: reset, or ended by both.
  [[nodiscard]] bool is_gone() const noexcept { return gone_; }

  /// 0: the peer sends no more. `to` is not empty.
  std::expected<std::size_t, error_code> read(std::span<char> to) noexcept;
  /// How much the kernel took. `from` has IOV_MAX parts at most. With `more`, another write follows, and what does not
  /// fill a segment may wait for it.
  std::expected<std::size_t, error_code> write(std::span<const iovec> from, bool more = false) noexcept;
  /// The same, without a copy where the kernel can do that: the file must not be written to where `from` is, as its
  /// pages leave later. The process ignores SIGPIPE.
  std::expected<std::size_t, error_code> write(const file_part& from) noexcept;

  void set_no_delay() noexcept;
  /// Has the next close tell the peer that it is no orderly end.
  void reset_on_close() noexcept;
  /// Asks the kernel to acknowledge at once what has come; it forgets that soon.
  void acknowledge_quickly() noexcept;
  /// False when there is no connection any more.
  bool shutdown_send() noexcept;
  void close() noexcept { socket_.close(); }

private:
  descriptor socket_;
  bool readable_ = false;
  bool ended_ = false; // the end is behind the bytes that are still to be read: no edge will tell it again
  bool gone_ = false;
};

} // namespace rollcall::net
