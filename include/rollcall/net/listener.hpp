#pragma once

#include "rollcall/net/descriptor.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/net/limits.hpp"
#include "rollcall/net/session.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace rollcall::net {

/// What becomes of connections that the kernel has queued when a listener leaves its port.
enum class leaving {
  closing,      ///< they are accepted, and then nobody listens
  handing_over, ///< another process has the same sockets, and accepts them
};

/// One thread's end of the port: accepts connections, sweeps their deadlines, drains them. All functions are called on
/// its thread, except that construction may happen before it runs.
class listener {
public:
  /// `ports` are sockets that listen, one at least, and all on the same port. `edges`, `handler`, `quota` and `bytes`
  /// outlive the listener, which outlives its sessions: see drained().
  listener(executor ex, std::vector<descriptor> ports, reactor& edges, service& handler, const limits& l,
           connection_quota& quota, byte_budget& bytes);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  void start();

  /// For deadlines that begin from now on.
  void change(const limits& l) { context_.limits = l; }

  /// Leaves the port. Sessions answer what they have with `Connection: close`; idle ones end after limits::drain_idle.
  void drain(leaving how = leaving::closing);

  /// Ends every session at once, whatever it is doing.
  void stop();

  /// True once drain() or stop() was called and no session is left.
  [[nodiscard]] bool drained() const;

  [[nodiscard]] const listener_stats& stats() const noexcept { return context_.stats; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// The sockets that it listens on, until it leaves them.
  [[nodiscard]] std::vector<int> sockets() const;

private:
  struct door;
  void accept(door& d);
  void accept_waiting(door& d);
  error_code accept_one(door& d);
  void admit(descriptor socket);
  void back_off(door& d, error_code ec);
  void sweep();
  void make_room();

  session_context context_;
  std::vector<std::unique_ptr<door>> doors_;
  timer sweeper_;
  timer pause_;
  connection_quota& quota_;
  boost::intrusive::list<session, boost::intrusive::constant_time_size<false>> sessions_;
  std::uint16_t port_;
  std::chrono::milliseconds pause_for_{0};
  bool stopped_ = false;
};

} // namespace rollcall::net
