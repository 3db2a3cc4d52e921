#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rollcall::load {

/// What the thread that leads a run tells its workers, and they tell it. Times are those of clock.hpp.
struct control {
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  std::atomic<std::size_t> unprimed = 0;      ///< the next question that nobody has asked yet to fill the cache
  std::atomic<std::size_t> workers_ready = 0; ///< have asked all those
  std::atomic<std::int64_t> go = never;       ///< when the load begins
  std::atomic<std::int64_t> begin = never;    ///< from here on questions count
  std::atomic<std::int64_t> end = never;      ///< and none are asked after this; may be moved to an earlier time
  std::atomic<std::size_t> workers_done = 0;
};

} // namespace rollcall::load
