#pragma once

#include "rollcall/ops/counter.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rollcall::ops {

/// How long something took, counted in fixed buckets. Like `counter`, one thread writes and any thread may read;
/// give each thread its own and let `metrics` add them up.
class histogram {
public:
  /// Upper bounds, inclusive. From a hit in memory (well below 0.1 ms) to a call nobody waits for any longer.
  static constexpr auto bounds = std::to_array<std::chrono::nanoseconds>({
      std::chrono::microseconds{100},
      std::chrono::microseconds{500},
      std::chrono::milliseconds{1},
      std::chrono::microseconds{2500},
      std::chrono::milliseconds{5},
      std::chrono::milliseconds{10},
      std::chrono::milliseconds{25},
      std::chrono::milliseconds{50},
      std::chrono::milliseconds{100},
      std::chrono::milliseconds{250},
      std::chrono::milliseconds{500},
      std::chrono::seconds{1},
      std::chrono::milliseconds{2500},
      std::chrono::seconds{5},
      std::chrono::seconds{10},
      std::chrono::seconds{30},
  });

  /// One reading. `count` is the sum of `buckets`, so that the buckets always add up, whatever is being written.
  struct reading {
    std::array<std::uint64_t, bounds.size() + 1> buckets{}; ///< not cumulative; the last one is beyond every bound
    std::uint64_t count = 0;
    double seconds = 0;
  };

  /// Called by the owning thread only. A clock that went backwards counts as zero.
  void observe(std::chrono::nanoseconds took) noexcept {
    took = std::max(took, std::chrono::nanoseconds{0});
    const auto bound = std::ranges::lower_bound(bounds, took);
    buckets_[static_cast<std::size_t>(bound - bounds.begin())].add();
    nanoseconds_.add(static_cast<std::uint64_t>(took.count()));
  }

  /// Called by any thread.
  [[nodiscard]] reading read() const noexcept {
    reading now;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      now.buckets[i] = buckets_[i].get();
      now.count += now.buckets[i];
    }
    now.seconds = static_cast<double>(nanoseconds_.get()) * 1e-9;
    return now;
  }

private:
  std::array<counter, bounds.size() + 1> buckets_;
  counter nanoseconds_;
};

} // namespace rollcall::ops
