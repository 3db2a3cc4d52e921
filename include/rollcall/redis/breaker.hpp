#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/backoff.hpp"

#include <chrono>

namespace rollcall::redis {

struct breaker_options {
  /// So many commands in a row that were of no use open it.
  unsigned failures = 5;
  /// How long it waits before it asks Redis again: at first, and at most.
  std::chrono::milliseconds pause_first{50};
  std::chrono::milliseconds pause_most{1000};
};

/// Whether a server is worth asking. It opens when so many commands in a row brought nothing, and closes when a probe
/// brought something: the time and the facts in, the verdict out.
///
/// Commands are counted and not time, because the commands of one moment fail in one moment: at a thousand commands a
/// second a frozen Redis is found out by the fifth that ran out of time, 5 ms after the first; those under way may then
/// be let go, and only five have paid their whole deadline. In a row and not as a share, because it is to save those
/// who would wait for nothing: a Redis that answers every second one is worth asking.
class breaker {
public:
  using time_point = net::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  explicit breaker(breaker_options options = {})
      : options_(options), pauses_(options.pause_first, options.pause_most) {}

  [[nodiscard]] bool open() const noexcept { return open_; }

  /// A command got an answer in time. While it is open only probed() says anything.
  void answered() noexcept {
    if (!open_) {
      failures_ = 0;
    }
  }

  /// `count` commands were not answered in time, or with nothing but that the server is of no use. True when it opens
  /// with this.
  [[nodiscard]] bool failed(unsigned count, time_point now) noexcept;

  /// How long to wait before the next probe while it is open. `random` is uniform in [0, 1).
  [[nodiscard]] milliseconds pause(double random) { return pauses_.next(random); }

  /// How a probe went. True when it closes with this.
  [[nodiscard]] bool probed(bool well, time_point now) noexcept;

private:
  breaker_options options_;
  backoff pauses_;
  unsigned failures_ = 0;
  bool open_ = false;
  time_point closed_ = time_point::min();
};

} // namespace rollcall::redis
