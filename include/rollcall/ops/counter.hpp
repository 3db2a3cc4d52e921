#pragma once

#include <atomic>
#include <cstdint>

namespace rollcall::ops {

/// A count that one thread writes and any thread may read. Writing costs an ordinary add: there is no locked
/// instruction and, as long as each thread has counters of its own, no cache line that two threads write.
class counter {
public:
  /// Called by the owning thread only.
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  /// Called by the owning thread only. For gauges; wraps if it ever goes below zero.
  void subtract(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }

  /// Called by any thread.
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

} // namespace rollcall::ops
