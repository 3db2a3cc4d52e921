#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/net/limits.hpp"
#include "rollcall/net/session.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace rollcall::net {

/// Every thread has an acceptor of its own, and the kernel spreads the connections (SO_REUSEPORT). The first claims the
/// port, which fails when anybody listens there, another Rollcall included; the others join it.
enum class port_use { claim, join };

/// Binds and listens. Throws boost::system::system_error whose text names the address. Port 0 takes a free one.
asio::basic_socket_acceptor<tcp, executor> open_acceptor(executor ex, const std::string& host, std::uint16_t port,
                                                         port_use use = port_use::claim);

/// One thread's end of the port: accepts connections, sweeps their deadlines, drains them. All functions are called on
/// its thread, except that construction may happen before it runs.
class listener {
public:
  using acceptor = asio::basic_socket_acceptor<tcp, executor>;

  /// `edges`, `handler` and `quota` outlive the listener, which outlives its sessions: see drained().
  listener(acceptor a, reactor& edges, service& handler, const limits& l, connection_quota& quota);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  void start();

  /// For deadlines that begin from now on.
  void change(const limits& l) { context_.limits = l; }

  /// Accepts what the kernel has queued, then closes the port. Sessions answer what they have with `Connection: close`;
  /// idle ones end after limits::drain_idle.
  void drain();

  /// Ends every session at once, whatever it is doing.
  void stop();

  /// True once drain() or stop() was called and no session is left.
  [[nodiscard]] bool drained() const;

  [[nodiscard]] const listener_stats& stats() const noexcept { return context_.stats; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
  void accept();
  void accept_waiting();
  error_code accept_one();
  void admit(descriptor socket);
  void back_off(error_code ec);
  void sweep();

  session_context context_;
  acceptor acceptor_;
  timer sweeper_;
  timer pause_;
  connection_quota& quota_;
  boost::intrusive::list<session, boost::intrusive::constant_time_size<false>> sessions_;
  std::uint16_t port_;
  std::chrono::milliseconds pause_for_{0};
  bool stopped_ = false;
};

} // namespace rollcall::net
