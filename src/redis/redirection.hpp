#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/endpoint.hpp"
#include "rollcall/redis/reply.hpp"

#include <chrono>
#include <cstdint>

namespace rollcall::redis {

/// What a node of a cluster says instead of carrying a command out.
struct cluster_error {
  enum class kind {
    none = 1,   ///< a reply that has nothing to do with the cluster
    moved,      ///< the slot is at another node
    ask,        ///< the slot is on its way to another node, where the key is by now, or would be
    try_again,  ///< the slot is on its way, and so far only some of the keys have arrived
    down,       ///< the cluster is not at work, or nobody has the slot
    unreadable, ///< a redirection to nowhere
  };
  kind what = kind::none;
  /// Of `moved` and `ask`.
  std::uint16_t slot = 0;
  host_port to = {};
};

/// Reads the reply of `answered`, which is where a redirection without a host leads.
cluster_error read_cluster_error(const reply& r, const host_port& answered);

/// What to do about a reply.
struct next_step {
  enum class kind {
    settle = 1, ///< it is the result
    follow,     ///< send the command to `to`
    start_over, ///< send the command to whoever has the slot by then
  };
  kind what = kind::settle;
  /// Before that.
  std::chrono::milliseconds pause{0};
  host_port to = {};
  /// With ASKING before it: `to` takes the command for this once.
  bool asking = false;
  /// From now on the slot is at `to`.
  bool learn = false;
  /// What we know of the cluster is out of date.
  bool look = false;
};

/// Takes one command to where its slot is, with a limit on redirections, since nodes may send it round in circles, and
/// never beyond its deadline. No I/O.
class pursuit {
public:
  using time_point = net::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  /// Nodes that disagree for longer are not waited for.
  static constexpr int redirections_most = 5;
  /// So long a command waits for its keys to be at one node: most slots have few keys and move at once, but one whose
  /// move nobody finishes stays as it is for days, and who asks has something else to try (store).
  static constexpr milliseconds patience{20};
  static constexpr milliseconds pause_least{1};
  static constexpr milliseconds pause_most{8};

  pursuit(std::uint16_t slot, time_point now, time_point deadline)
      : slot_(slot), patient_until_(now + patience), deadline_(deadline) {}

  next_step after(const cluster_error& said, time_point now);

private:
  next_step redirected(const cluster_error& said, time_point now);
  milliseconds next_pause() noexcept;

  std::uint16_t slot_;
  time_point patient_until_;
  time_point deadline_;
  int redirections_ = 0;
  milliseconds pause_ = pause_least;
};

} // namespace rollcall::redis
