#pragma once

#include "rollcall/net/executor.hpp"

#include <chrono>

namespace rollcall::redis {

/// When a peer that has nothing to say by rights is asked for a sign of life, and when it counts as dead.
class pulse {
public:
  using time_point = net::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  enum class verdict { alive = 1, ask, dead };

  /// `heartbeat` is below `silence`.
  pulse(milliseconds heartbeat, milliseconds silence) : heartbeat_(heartbeat), silence_(silence) {}

  /// Any byte counts: what comes unasked shows as much as an answer.
  void heard(time_point now) noexcept { heard_ = now; }

  /// `ask` once a heartbeat for as long as nothing is heard; the caller then asks.
  [[nodiscard]] verdict look(time_point now) noexcept;

  /// Nothing changes before, unless something is heard.
  [[nodiscard]] time_point next() const noexcept;

private:
  [[nodiscard]] time_point next_ask() const noexcept;

  milliseconds heartbeat_;
  milliseconds silence_;
  time_point heard_;
  time_point asked_;
};

} // namespace rollcall::redis
