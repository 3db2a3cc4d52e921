#pragma once

#include "rollcall/net/edge_socket.hpp"
#include "rollcall/net/edge_tls.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/net/reactor.hpp"
#include "rollcall/net/read_buffer.hpp"
#include "rollcall/net/wakeup.hpp"
#include "rollcall/upstream/error.hpp"

#include <boost/intrusive/list.hpp>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rollcall::upstream {

/// What is read ahead of a parser, at most: neither a chunk's extension nor a trailer has a limit of its own.
inline constexpr std::size_t read_ahead_most = 128 * 1024;

/// How an instance is spoken to over TLS. Kept by whoever connects to it.
struct tls_terms {
  std::shared_ptr<net::tls_context> context;
  /// Who it has to prove to be.
  std::string host;
  /// Of the last connection, or null.
  net::tls_session session{};
};

/// One connection to an instance. Nothing of it reads or writes in vain: what waits, waits for an edge. Its deadline
/// closes it, so that whatever waits on it ends. A deadline costs next to nothing: the timer behind it is left alone
/// when it would fire too early, and looks again then.
///
/// Lives on the reactor's thread. What waits keeps it alive, so somebody has to close() it in the end.
class link final : public std::enable_shared_from_this<link>,
                   public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
                   private net::reactor::watcher {
public:
  /// `edges` outlives it.
  link(const net::executor& ex, net::reactor& edges) : ex_(ex), edges_(edges), timer_(ex) {}
  ~link();

  /// Takes the place of the connection before. With `terms`, over TLS; they outlive the call.
  net::task<net::error_code> connect(const net::tcp::endpoint& to, const tls_terms* terms = nullptr);
  /// The last one that it was told to connect to.
  [[nodiscard]] const net::tcp::endpoint& peer() const noexcept { return peer_; }
  /// What was wrong with the instance's certificate, when that is why there is no connection; otherwise "".
  [[nodiscard]] const std::string& distrust() const noexcept { return distrust_; }
  /// To recognise us by the next time; null without TLS.
  [[nodiscard]] net::tls_session session() const { return tls_ ? tls_->session() : nullptr; }
  [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
  /// Whatever waits for it fails, in a later turn of the loop.
  void close();

  /// Replaces the deadline.
  void expires_at(net::steady_clock::time_point when);
  void no_deadline() noexcept { deadline_ = net::steady_clock::time_point::max(); }
  [[nodiscard]] net::steady_clock::time_point expiry() const noexcept { return deadline_; }
  /// The deadline has passed, which is why it is closed.
  [[nodiscard]] bool overdue() const noexcept { return overdue_; }
  /// What an error means for the request that is on it.
  [[nodiscard]] failure why() const noexcept { return overdue_ ? failure::timed_out : failure::closed; }

  /// How much the kernel took at once; would_block when it takes nothing. `from` has IOV_MAX parts at most.
  std::expected<std::size_t, net::error_code> write_now(std::span<const iovec> from) noexcept;
  /// Writes all parts, and changes them. One at a time; what they point at outlives the call.
  net::task<net::error_code> write(std::span<iovec> parts);

  /// Reads what has come into `buffer`: whether that was more than nothing. False as well when it has said so already;
  /// asio::error::eof at the end. Views into the buffer are gone after it.
  std::expected<bool, net::error_code> read_now();
  /// Waits until read_now() may tell more, and for a later turn of the loop at least. One at a time, this or the next.
  net::task<> readable();
  /// The same for a plain function, which is called once, and may destroy the link.
  void when_readable(std::move_only_function<void()> then);
  /// It is not to be called any more.
  void cancel_when_readable() noexcept { then_ = nullptr; }

  /// Nothing is known to have come, not even an end, since the last answer.
  [[nodiscard]] bool seems_quiet();
  /// Nothing has: a request may be put on it.
  [[nodiscard]] bool is_quiet();

  /// What has been read and not yet parsed.
  net::read_buffer buffer;
  /// It has carried an exchange before.
  bool reused = false;
  net::steady_clock::time_point idle_since;

private:
  void on_events(std::uint32_t events) noexcept override;
  void on_edge(std::uint32_t events);
  net::task<net::error_code> shake_hands(const tls_terms& terms);
  [[nodiscard]] bool may_read() const noexcept { return socket_.readable() || (tls_ && tls_->may_read()); }
  bool reads_nothing();
  void watch_until(net::steady_clock::time_point when);
  void look_at_the_clock();

  net::executor ex_;
  net::reactor& edges_;
  net::edge_socket socket_;
  std::unique_ptr<net::edge_tls> tls_; // null: none
  net::tcp::endpoint peer_;
  std::string distrust_;
  net::wakeup reader_;
  net::wakeup writer_;
  std::move_only_function<void()> then_; // when_readable()
  net::timer timer_;
  net::steady_clock::time_point deadline_ = net::steady_clock::time_point::max();
  net::steady_clock::time_point watched_until_ = net::steady_clock::time_point::max(); // when the timer fires
  bool overdue_ = false;
};

} // namespace rollcall::upstream
