#pragma once

#include "rollcall/net/executor.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace rollcall::upstream {

struct ejection_policy {
  /// So many failures in a row, and an instance is left alone; 0: never.
  unsigned after = 5;
  /// For how long at first. Each attempt in vain doubles it.
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds most{1000};
};

/// When an instance is left alone, by the failures of those who called it: a pure decision, which is told the time.
class ejection {
public:
  using time_point = net::steady_clock::time_point;
  enum class change {
    none,
    ejected,
    readmitted,
  };

  explicit ejection(const ejection_policy& policy) : policy_(policy) {}

  /// May it be called now? While it is ejected, one call may be tried each time that its pause is over, whatever became
  /// of the last: one that hangs must not keep the next from finding out that all is well again.
  bool takes(time_point now) {
    if (!out_)
      return true;
    if (now < until_)
      return false;
    trying_ = true;
    until_ = now + pause_;
    return true;
  }

  change succeeded() {
    failures_ = 0;
    trying_ = false;
    return std::exchange(out_, false) ? change::readmitted : change::none;
  }

  change failed(time_point now) {
    ++failures_;
    if (out_) { // what was begun before it was ejected says nothing new
      if (trying_ || now >= until_)
        pause(now, std::min(2 * pause_, policy_.most));
      return change::none;
    }
    if (policy_.after == 0 || failures_ < policy_.after)
      return change::none;
    out_ = true;
    pause(now, policy_.first);
    return change::ejected;
  }

  [[nodiscard]] bool is_out() const noexcept { return out_; }
  /// In a row.
  [[nodiscard]] unsigned failures() const noexcept { return failures_; }
  /// While it is out: when the next call may be tried.
  [[nodiscard]] time_point until() const noexcept { return until_; }
  [[nodiscard]] std::chrono::milliseconds pause() const noexcept { return pause_; }

private:
  void pause(time_point now, std::chrono::milliseconds length) {
    trying_ = false;
    pause_ = length;
    until_ = now + length;
  }

  ejection_policy policy_;
  unsigned failures_ = 0;
  bool out_ = false;
  bool trying_ = false; // a call was let through, and has not failed yet
  std::chrono::milliseconds pause_{0};
  time_point until_;
};

} // namespace rollcall::upstream
