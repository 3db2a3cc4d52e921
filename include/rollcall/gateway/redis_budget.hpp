#pragma once

#include "rollcall/cache/flights.hpp"
#include "rollcall/net/executor.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <numeric>

namespace rollcall::gateway {

/// What one request may spend on Redis, all round trips together: its own, or those of a flight's goes while it was on
/// board.
class redis_budget {
public:
  using duration = net::steady_clock::duration;
  explicit redis_budget(duration whole) : whole_(whole), left_(whole) {}

  [[nodiscard]] bool spent() const noexcept { return left_ <= duration::zero(); }

  /// Begins a further go, for requests of which one has seen the latest `goes` of those before: it has to do with what
  /// these have left of the whole.
  void go_on(std::size_t goes) {
    std::ranges::rotate(earlier_, earlier_.end() - 1);
    earlier_.front() = begun_with_ - left_;
    left_ = begun_with_ =
        std::accumulate(earlier_.begin(), earlier_.begin() + std::min(goes, earlier_.size()), whole_, std::minus<>());
  }

  /// A round trip: made before it, asked for its deadline, and dropped after it.
  class expense {
  public:
    explicit expense(redis_budget& of) : of_(of) {}
    ~expense() { of_.spend(net::steady_clock::now() - began_); }
    expense(const expense&) = delete;
    expense& operator=(const expense&) = delete;
    [[nodiscard]] net::steady_clock::time_point deadline() const noexcept { return began_ + of_.left_; }

  private:
    redis_budget& of_;
    net::steady_clock::time_point began_ = net::steady_clock::now();
  };

  void spend(duration d) noexcept { left_ -= d; }

private:
  duration whole_;
  duration left_;
  duration begun_with_ = whole_;
  /// What the goes before this one have spent, the latest first; nobody is on board for more.
  std::array<duration, cache::flight_limits{}.goes> earlier_{};
};

} // namespace rollcall::gateway
