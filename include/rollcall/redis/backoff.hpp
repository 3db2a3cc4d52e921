#pragma once

#include <chrono>

namespace rollcall::redis {

/// How long to wait before the next attempt: exponential with full jitter, so that a fleet which lost Redis at one
/// moment does not come back at one moment.
class backoff {
public:
  using milliseconds = std::chrono::milliseconds;

  backoff(milliseconds first, milliseconds most) : first_(first), most_(most), ceiling_(first) {}

  /// Between nothing and a ceiling that doubles from call to call, from `first` up to `most`. `random` is uniform in
  /// [0, 1).
  milliseconds next(double random);

  /// The next ceiling is `first` again.
  void reset() noexcept { ceiling_ = first_; }

private:
  milliseconds first_;
  milliseconds most_;
  milliseconds ceiling_;
};

} // namespace rollcall::redis
