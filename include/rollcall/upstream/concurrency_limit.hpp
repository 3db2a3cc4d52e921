#pragma once

#include <chrono>
#include <cstddef>

namespace rollcall::upstream {

struct concurrency_options {
  /// The limit never goes below this; when it is no less than `most`, the limit is fixed.
  unsigned least = 4;
  unsigned most = 200;
};

/// How many calls an instance is given at one time, learned from how long they take: more of them as long as that makes
/// none slower, fewer once they only wait for each other. The gradient is that of Netflix' concurrency-limits
/// (Gradient2Limit) and of Envoy's adaptive concurrency: the limit follows floor / latency, with the square root of
/// itself as headroom.
///
/// What differs is the floor, the latency without a queue. Gradient2 takes a long average for it, which a long overload
/// drags along; Envoy lets next to nothing through while it measures one. Here the lowest window so far stands until
/// the limit itself has disproved it: where the limit was lowered by a third, twice, and the latency has not followed,
/// no queue of ours was the cause, so the instance is slower now and that is the new floor.
///
/// Pure: the time is passed in.
class concurrency_limit {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::nanoseconds;

  explicit concurrency_limit(const concurrency_options& o);

  [[nodiscard]] unsigned get() const noexcept { return static_cast<unsigned>(limit_); }
  /// Of one call, smoothed; 0 while there has been none.
  [[nodiscard]] duration latency() const noexcept { return duration(static_cast<duration::rep>(smoothed_)); }
  /// 0 while it is not known.
  [[nodiscard]] duration floor() const noexcept { return duration(static_cast<duration::rep>(floor_)); }

  /// How many calls were under way, the one in question included.
  struct running {
    unsigned at_first = 0;
    unsigned at_last = 0;
  };
  /// A call has ended that took `took`. One that ran into its time-out counts with the time that it was given. What
  /// failed at once says nothing of how long calls take, and is not to be told here.
  void sample(duration took, running among, bool timed_out, time_point now);

private:
  /// Calls that ended in the same while. All of them: only those that began in it as well would be the quick ones.
  struct window {
    time_point began;
    unsigned calls = 0;
    unsigned peak = 0; // of those running
    bool timed_out = false;
    double latency = 0; // sums, then means
    double running = 0;
  };
  /// A window from before the limit was changed.
  struct reference {
    double latency = 0; // 0: none
    double running = 0;
    bool timed_out = false;
  };

  void close(const window& w);
  void learn_floor(const window& w);
  void compare(const window& w);
  void move(const window& w);
  void follow(const window& w);

  const concurrency_options options_;
  double limit_;
  double smoothed_ = 0; // nanoseconds, as all that follow
  double floor_ = 0;
  bool climbing_ = true; // fast: from where it began, or had to begin again
  int unmoved_ = 0;      // comparisons in a row in which latency did not follow
  bool falling_ = false; // while the floor is not known: fewer, not more, will tell
  window open_;
  reference before_;
};

} // namespace rollcall::upstream
