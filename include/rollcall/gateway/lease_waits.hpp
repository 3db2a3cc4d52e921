#pragma once

#include "rollcall/cache/identity.hpp"
#include "rollcall/net/executor.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace rollcall::gateway {

/// Who waits until another gateway has fetched something: woken by the news that Redis sends of its value and of its
/// lease. At most one for each flight.
///
/// wake() and wake_all() on any thread; the rest on the thread of the executor that a seat is for.
class lease_waits {
  struct waiter;

public:
  /// Taken before Redis is asked, so that no news in between is missed.
  class seat {
  public:
    ~seat();
    seat(seat&&) = delete;

    /// Returns at the first news since the seat was taken, or since the last wait; after `most` at the latest.
    net::task<> wait(std::chrono::milliseconds most);

  private:
    friend class lease_waits;
    seat(lease_waits& table, const cache::identity& id, const net::executor& ex);
    lease_waits& table_;
    std::shared_ptr<waiter> waiter_;
  };

  [[nodiscard]] seat enroll(const cache::identity& id, const net::executor& ex) { return {*this, id, ex}; }

  void wake(const cache::identity& id);
  void wake_all();

  /// Gauge.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
  std::mutex mutex_; // guards seats_
  std::unordered_multimap<std::string, std::shared_ptr<waiter>> seats_;
  std::atomic<std::size_t> size_{0};
};

} // namespace rollcall::gateway
