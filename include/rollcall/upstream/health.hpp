#pragma once

#include "rollcall/upstream/ejection.hpp"
#include "rollcall/upstream/error.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace rollcall::upstream {

/// How an instance does, by what all lanes of the process see of it. While all is well it costs one load of an atomic a
/// call; the lock is taken when something fails, and until it does not any more. Each change of state is one line of
/// the log. All functions may be called on any thread.
class health {
public:
  using time_point = ejection::time_point;
  struct report {
    bool ejected = false;
    /// In a row.
    unsigned failures = 0;
    /// While it is ejected: when a call is tried again.
    time_point until;
    std::uint64_t ejections = 0;
    /// What was the last to go wrong, or "".
    std::string last_failure;
  };

  /// `name`: the instance's, for the log.
  health(std::string name, const ejection_policy& policy) : name_(std::move(name)), state_(policy) {}

  /// Whether a call that has an alternative (a stale answer, a prompt error) is to be made now. While the instance is
  /// ejected, true for one each time its pause is over.
  bool takes(time_point now);
  [[nodiscard]] bool is_ejected() const noexcept { return ejected_.load(std::memory_order_relaxed); }

  /// It has answered.
  void succeeded(time_point now);
  /// It has not, or not in its own words. `detail`: what else is known, for operators. `lasting`: it will not get
  /// better by itself, so the log tells of the first of these.
  void failed(time_point now, std::string_view why, std::string_view detail = {}, bool lasting = false);

  [[nodiscard]] report now() const;

private:
  const std::string name_;
  std::atomic<bool> troubled_{false}; // the last call failed
  std::atomic<bool> ejected_{false};
  mutable std::mutex mutex_; // guards what follows
  ejection state_;
  std::string last_failure_;
  std::uint64_t ejections_ = 0;
  time_point out_since_;
};

/// Whether a failure says that the instance is not well. An answer that is too large is none of its doing.
constexpr bool speaks_against_instance(failure f) {
  return f != failure::too_large && f != failure::no_instance && f != failure::ejected;
}
/// The same of an answer's status: what stands before an instance says so when that is gone, or has too much to do.
constexpr bool speaks_against_instance(unsigned status) {
  return status == 502 || status == 503 || status == 504;
}

} // namespace rollcall::upstream
