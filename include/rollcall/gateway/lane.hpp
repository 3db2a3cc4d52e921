#pragma once

#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/gateway/router.hpp"
#include "rollcall/net/listener.hpp"
#include "rollcall/net/reactor.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/upstream/pools.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rollcall::gateway {

/// What a lane is made of.
struct lane_options {
  std::shared_ptr<const upstream::directory> instances;
  /// It is the one of the lanes that probes ejected instances.
  bool probes = false;
  std::optional<redis::deployment> redis;
  std::string name_space;
};

/// One thread of the gateway: an io_context with an acceptor, sessions, a Redis connection and upstream pools of its
/// own. Lanes share the memory cache and nothing else.
class lane {
public:
  /// `ports`: see net::listener.
  lane(const house& shared, const settings& first, const lane_options& options, std::vector<net::descriptor> ports,
       net::connection_quota& quota, net::byte_budget& bytes);
  ~lane();

  /// The thread's body: returns when the lane has drained.
  void run();

  /// Any thread: what begins from now on goes by `next`.
  void change(const settings& next);

  /// Any thread: leave the port, finish what is under way, then let run() return. After drain_timeout, or at a second
  /// call, what is left is cut off.
  void drain(net::leaving how = net::leaving::closing);

  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::vector<int> sockets() const { return listener_.sockets(); }
  [[nodiscard]] const lane_stats& stats() const noexcept { return stats_; }
  [[nodiscard]] const net::listener_stats& client_stats() const noexcept { return listener_.stats(); }
  [[nodiscard]] const upstream::pools& upstreams() const noexcept { return upstreams_; }
  /// Null when there is no Redis.
  [[nodiscard]] const redis::connection_stats* redis_stats() const noexcept;
  [[nodiscard]] const redis::store_stats* store_stats() const noexcept;

private:
  void adopt(settings_ptr next);
  void begin_drain(net::leaving how);
  void watch_drain();
  void watch_drain_later();
  void leave();
  void probe_later();
  net::task<> probe(std::size_t which);

  net::asio::io_context io_{1};
  net::asio::executor_work_guard<net::executor> work_;
  net::reactor edges_;
  lane_stats stats_;
  std::unique_ptr<redis::client> link_;
  std::unique_ptr<redis::store> store_;
  upstream::pools upstreams_;
  background tasks_;
  lane_context context_;
  router router_;
  net::listener listener_;
  net::timer drain_watch_;
  net::steady_clock::time_point cut_off_;
  net::timer probe_watch_;
  std::vector<bool> probing_; // the instances, in their order
  bool draining_ = false;
};

} // namespace rollcall::gateway
