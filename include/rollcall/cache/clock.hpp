#pragma once

#include <chrono>

namespace rollcall::cache {

using milliseconds = std::chrono::milliseconds;

/// Points in time of entries: wall-clock milliseconds, because gateways on several machines share them through Redis.
/// Decisions take the time as an argument and never read a clock.
using time_point = std::chrono::sys_time<milliseconds>;

/// For the shells that call the decisions.
inline time_point wall_now() {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

} // namespace rollcall::cache
