#pragma once

#include <chrono>
#include <cstdint>

namespace rollcall::load {

/// Nanoseconds of the steady clock: what all times of a run are.
inline std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline constexpr std::int64_t one_second = 1'000'000'000;
inline constexpr std::int64_t one_millisecond = 1'000'000;

} // namespace rollcall::load
