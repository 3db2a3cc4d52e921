#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace rollcall::cache {

/// When the purges of the last minutes were begun here. A store that loses a purge (a replica that had not heard of it
/// is promoted, say) may hold again what was fetched before: nobody here is served that. Says nothing of purges that it
/// has forgotten: the store is what remembers those. Any thread.
class purge_times {
public:
  static constexpr std::chrono::minutes remembered{2};
  static constexpr std::size_t most = 8192;

  void note(const scope& s, time_point now);

  /// When the latest purge that covers `id` was begun; the beginning of time when none is known.
  [[nodiscard]] time_point latest(const identity& id) const;

  [[nodiscard]] std::size_t size() const;

private:
  void forget_oldest();

  mutable std::mutex mutex_; // guards what follows
  std::unordered_map<std::uint64_t, time_point> times_;
  std::deque<std::pair<std::uint64_t, time_point>> order_; // as they came; a key may be there more than once
};

} // namespace rollcall::cache
