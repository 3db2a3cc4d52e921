#pragma once

#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/redis/store.hpp"

#include <memory>
#include <utility>

namespace rollcall::gateway {

/// Holds a lease for as long as its fetch takes: renews it in the background until it is handed on or given back. Of
/// one lane's thread.
class lease_keeper : public std::enable_shared_from_this<lease_keeper> {
public:
  lease_keeper(lane_context& lane, redis::lease l) : lane_(lane), lease_(std::move(l)), pause_(lane.ex) {}

  /// Begins to renew.
  static std::shared_ptr<lease_keeper> start(lane_context& lane, redis::lease l);

  /// Ends the renewal; the lease lasts for as long as it was renewed last.
  void stop();

  [[nodiscard]] const redis::lease& held() const noexcept { return lease_; }

  /// Stops, and gives the lease back in the background: who waits for it may have it.
  void give_back();

private:
  static net::task<> renew(std::shared_ptr<lease_keeper> self);
  static net::task<> release(std::shared_ptr<lease_keeper> self);

  lane_context& lane_;
  redis::lease lease_;
  net::timer pause_;
  bool stopped_ = false;
};

/// A lease on its way to a store; dropped before, it is given back.
class held_lease {
public:
  held_lease() = default;
  explicit held_lease(std::shared_ptr<lease_keeper> k) : keeper_(std::move(k)) {}
  held_lease(held_lease&& other) noexcept : keeper_(std::exchange(other.keeper_, nullptr)) {}
  held_lease& operator=(held_lease&& other) noexcept {
    std::swap(keeper_, other.keeper_);
    return *this;
  }
  ~held_lease() {
    if (keeper_)
      keeper_->give_back();
  }

  explicit operator bool() const noexcept { return keeper_ != nullptr; }
  [[nodiscard]] const redis::lease& lease() const noexcept { return keeper_->held(); }

  /// It has been used up: the store released it.
  void forget() {
    if (const auto k = std::exchange(keeper_, nullptr))
      k->stop();
  }

private:
  std::shared_ptr<lease_keeper> keeper_;
};

} // namespace rollcall::gateway
