#pragma once

#include "rollcall/upstream/error.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace rollcall::upstream {

/// How many calls may be made a second time: a share of all calls of the last ten seconds, but always so many a second
/// on average, without which an instance that is seldom asked would never be asked again. So an instance in trouble
/// gets a fifth more to do at the most, and not twice as much (Finagle's RetryBudget).
///
/// Pure: the time is passed in, and does not go backwards.
class retry_budget {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A share of 0 allows none at all.
  explicit retry_budget(double share, unsigned least_a_second = 3) : share_(share), least_a_second_(least_a_second) {}

  /// A call is made, for the first time.
  void deposit(time_point now);
  /// Whether one may be made again, which then counts.
  bool withdraw(time_point now);

private:
  static constexpr std::int64_t seconds_kept = 10;
  struct second {
    std::int64_t which = -1;
    std::uint32_t calls = 0;
    std::uint32_t retries = 0;
  };
  second& at(time_point now);

  double share_;
  unsigned least_a_second_;
  std::array<second, seconds_kept> ring_{};
};

/// Whether a call that failed so may go better, and do no harm, when it is made at once a second time. Only where the
/// instance cannot have begun to answer: it was not there, or left without a word. Who did not accept a connection, or
/// did not answer, in time is waited for no second time: TCP has repeated itself already, and the bot waits as well.
bool is_worth_repeating(failure f);
/// The same of an HTTP status. 502 is a proxy's before the instance, whose connection broke. 503 and 504 are not: they
/// say that the instance has too much to do already.
bool is_worth_repeating(unsigned status);

} // namespace rollcall::upstream
