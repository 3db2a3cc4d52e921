#pragma once

#include "rollcall/cache/identity.hpp"
#include "rollcall/net/executor.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
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
  /// Counts the news of whatever identity.
  using stamp_type = std::uint64_t;
  /// Taken before Redis is asked, so that no news in between is missed by a seat that is taken after.
  [[nodiscard]] stamp_type stamp() const noexcept { return news_.load(std::memory_order_acquire); }

  class seat {
  public:
    ~seat();
    seat(seat&& other) noexcept : table_(other.table_), waiter_(std::move(other.waiter_)) {}

    /// Returns at the first news since the seat was taken, or since the last wait; after `most` at the latest. The
    /// first one returns at once when there has been news since the seat's stamp, of whatever identity.
    net::task<> wait(std::chrono::milliseconds most);

  private:
    friend class lease_waits;
    seat(lease_waits& table, const cache::identity& id, const net::executor& ex, std::optional<stamp_type> since);
    lease_waits& table_;
    std::shared_ptr<waiter> waiter_;
  };

  /// Most questions are answered without a wait: those who have to wait take their seat only then. Without `since`
  /// only what comes from now on is news.
  [[nodiscard]] seat enroll(const cache::identity& id, const net::executor& ex, std::optional<stamp_type> since = {}) {
    return {*this, id, ex, since};
  }

  void wake(const cache::identity& id);
  void wake_all();

  /// Gauge.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
  std::mutex mutex_; // guards seats_, and changes of news_
  std::unordered_multimap<std::string, std::shared_ptr<waiter>> seats_;
  std::atomic<std::size_t> size_{0};
  std::atomic<stamp_type> news_{0};
};

} // namespace rollcall::gateway
