#pragma once

#include "rollcall/redis/endpoint.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace rollcall::redis {

/// Which masters of a cluster may be used. A replica that became a master may lack what the old one confirmed last, a
/// purge above all, and whoever keeps purges has to know before anybody reads there. One a process: tracking writes it,
/// all clients obey it. Any thread, unless a function says otherwise.
class cluster_roll {
public:
  /// `heard` is called on tracking's thread when there is a new master, before anybody may use it. Before tracking
  /// starts.
  void before_change(std::function<void()> heard) { heard_ = std::move(heard); }

  /// These are the masters now. On one thread, tracking's; there is nobody to tell of the first ones.
  void admit(std::span<const host_port> masters);

  [[nodiscard]] bool admits(const host_port& master) const;
  /// Another one whenever admits() may say something else.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  /// `look` brings admit() about soon; empty: there is nobody any more who could.
  void attend(std::function<void()> look);
  /// Somebody was sent to a master that is not on the roll. As often as one likes.
  void doubt();

private:
  std::function<void()> heard_;
  bool begun_ = false;       ///< there have been masters
  mutable std::mutex mutex_; ///< of what follows
  std::vector<host_port> masters_;
  std::function<void()> look_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<bool> doubted_{false}; ///< since the last admit()
};

} // namespace rollcall::redis
