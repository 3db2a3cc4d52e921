#pragma once

#include "rollcall/net/executor.hpp"

#include <algorithm>
#include <chrono>

namespace rollcall::gateway {

/// What one request may spend on Redis, all round trips together.
class redis_budget {
public:
  explicit redis_budget(std::chrono::milliseconds whole) : left_(whole) {}

  [[nodiscard]] bool spent() const noexcept { return left_ <= net::steady_clock::duration::zero(); }

  /// A round trip: made before it, asked for its deadline, and dropped after it.
  class expense {
  public:
    explicit expense(redis_budget& of) : of_(of) {}
    ~expense() { of_.left_ -= net::steady_clock::now() - began_; }
    expense(const expense&) = delete;
    expense& operator=(const expense&) = delete;
    [[nodiscard]] net::steady_clock::time_point deadline() const noexcept { return began_ + of_.left_; }

  private:
    redis_budget& of_;
    net::steady_clock::time_point began_ = net::steady_clock::now();
  };

private:
  net::steady_clock::duration left_;
};

} // namespace rollcall::gateway
