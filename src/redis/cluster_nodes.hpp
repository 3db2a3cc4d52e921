#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/cluster_roll.hpp"
#include "rollcall/redis/command.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/endpoint.hpp"

#include "slot_map.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rollcall::redis {

/// The connections to the nodes of a cluster that are in use: its masters, and those that a redirection led to. They
/// count into one set of counters. One thread.
class cluster_nodes {
public:
  using time_point = net::steady_clock::time_point;

  /// Besides masters there are a few on the way to become one, or not any more.
  static constexpr std::size_t nodes_most = 2 * slot_map::masters_most;
  /// A connection that was asked for only now is waited for, but not for longer.
  static constexpr std::chrono::milliseconds first_chance{100};
  /// A node that nobody needs any more may still have commands under way.
  static constexpr std::chrono::seconds linger{10};

  struct node {
    node(const net::executor& where, const host_port& who, endpoint server, connection_options options,
         std::shared_ptr<connection_stats> stats);

    /// Sends a command; with `asking` behind an ASKING, which nothing can come between.
    net::task<command_result> send(std::span<const std::string_view> args, bool asking, time_point deadline);
    [[nodiscard]] bool connected() const noexcept { return link.connected(); }
    /// What it is not yet it may be in a moment.
    [[nodiscard]] bool young(time_point now) const noexcept { return now < opened + first_chance; }
    /// `roll` may be null.
    [[nodiscard]] bool admitted(const cluster_roll* roll);

    host_port who;
    connection link;
    time_point opened;
    time_point needed;
    std::optional<std::uint64_t> admission; ///< the roll's version when it was looked up
    bool on_roll = false;
  };

  /// `login` is who we are at every node.
  cluster_nodes(const net::executor& where, endpoint login, connection_options options);

  /// Ends all connections.
  void close();

  /// The node, which is connected to if it was not. Null when there are too many of them. It stays where it is until
  /// keep() or close().
  node* get(const host_port& who, time_point now);
  /// Connects to all `masters`, and forgets others that nobody has needed for a while.
  void keep(std::span<const host_port> masters, time_point now);

  [[nodiscard]] bool any_connected() const noexcept;
  [[nodiscard]] bool all_connected(std::span<const host_port> masters) const noexcept;
  [[nodiscard]] const connection_stats& stats() const noexcept { return *stats_; }

private:
  [[nodiscard]] node* find(const host_port& who) const noexcept;

  net::executor where_;
  endpoint login_;
  connection_options options_;
  std::shared_ptr<connection_stats> stats_ = std::make_shared<connection_stats>();
  std::vector<std::unique_ptr<node>> nodes_;
};

} // namespace rollcall::redis
