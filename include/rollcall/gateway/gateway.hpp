#pragma once

#include "rollcall/gateway/admin.hpp"
#include "rollcall/gateway/commons.hpp"
#include "rollcall/gateway/compressor.hpp"
#include "rollcall/gateway/events.hpp"
#include "rollcall/gateway/hand_over.hpp"
#include "rollcall/gateway/lane.hpp"
#include "rollcall/gateway/predecessor.hpp"
#include "rollcall/gateway/purges.hpp"
#include "rollcall/net/listener.hpp"
#include "rollcall/net/reactor.hpp"
#include "rollcall/ops/config.hpp"
#include "rollcall/ops/metrics.hpp"
#include "rollcall/redis/endpoint.hpp"
#include "rollcall/redis/master_watch.hpp"
#include "rollcall/redis/tracking.hpp"
#include "rollcall/upstream/shield.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace rollcall::gateway {

/// Checks what takes more than one key, or a room, to check: addresses of instances and of Redis, certificate
/// authorities, what contradicts itself. Throws ops::config_error, which names the key.
void check(const ops::config& c);

/// The whole process but for its command line and signals. The constructor binds the ports and starts the lanes'
/// threads; run() serves the admin port on the calling thread until everything has drained.
class gateway {
public:
  /// On the ports of `before` if there is one. Throws ops::config_error, which names the key, when a port cannot be
  /// bound either.
  explicit gateway(const ops::config& c, predecessor* before = nullptr);
  ~gateway();
  gateway(const gateway&) = delete;
  gateway& operator=(const gateway&) = delete;

  void run();

  /// Any thread: begins to drain, after which run() returns. A second call cuts off what is left.
  void drain(net::leaving how = net::leaving::closing);

  /// On the control thread, which runs run(): takes over what has changed in the configuration and can change while the
  /// process runs, for everything that begins from then on. What can not is named in the log; when `read` throws
  /// ops::config_error, or what it gives cannot be, all stays as it is.
  void reload(const std::function<ops::config()>& read);

  [[nodiscard]] std::uint16_t port() const noexcept { return lanes_.front()->port(); }
  [[nodiscard]] std::uint16_t admin_port() const noexcept { return admin_listener_.port(); }
  /// The loop of run()'s thread, for signals.
  [[nodiscard]] net::asio::io_context& control() noexcept { return control_; }

private:
  void start_threads();
  void cut_off();
  void limit(const ops::config& c);
  void adopt(const ops::config& next);
  void wait_to_be_replaced();
  void replaced(pid_t by);
  void begin_drain(net::leaving how);
  void lane_ended();
  void leave_when_idle();

  ops::config config_; // that is in force
  net::asio::io_context control_{1};
  net::reactor edges_{control_.get_executor()}; // of the admin port, and of where callbacks are handed on to
  std::optional<redis::deployment> redis_;
  commons lists_;
  std::optional<coherence> coherence_;
  purges purges_;
  std::unique_ptr<redis::tracking> tracking_;
  events events_;
  compressor gzip_;
  net::byte_budget bytes_;
  load load_{bytes_};
  upstream::shield shield_; // calls to the instances pass it; outlives the lanes
  house house_;
  net::connection_quota quota_;
  net::connection_quota admin_quota_{64};
  net::byte_budget admin_bytes_{std::size_t{64} << 20};
  std::vector<std::unique_ptr<lane>> lanes_;
  ops::metrics metrics_;
  gateway_status status_;
  admin admin_;
  net::listener admin_listener_;
  hand_over hand_over_;
  net::timer last_look_;
  net::steady_clock::time_point leave_by_;
  std::size_t running_ = 0;
  std::vector<std::jthread> threads_;
};

} // namespace rollcall::gateway
