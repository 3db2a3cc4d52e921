#pragma once

#include "rollcall/cache/flights.hpp"
#include "rollcall/cache/memory.hpp"
#include "rollcall/cache/purge_times.hpp"
#include "rollcall/cache/remembered.hpp"
#include "rollcall/cache/scope.hpp"
#include "rollcall/gateway/lease_waits.hpp"
#include "rollcall/gateway/outcome.hpp"
#include "rollcall/redis/tracking.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <vector>

namespace rollcall::gateway {

/// What all threads of the process share about lists. Each member locks for itself.
struct commons {
  explicit commons(std::size_t memory_bytes) : memory(memory_bytes) {}

  cache::memory memory;
  cache::flights<outcome> flights;
  cache::remembered<outcome> failures;
  lease_waits waits;
  /// Of those that this process began.
  cache::purge_times purges;
  /// Redis tells us what changes there.
  std::atomic<bool> tracked{false};

  /// Carries a purge out in this process: when it returns, nothing that was fetched or asked for before can be served
  /// to who asks afterwards, nor be kept. What memory held of it.
  std::vector<cache::entry_ptr> drop(const cache::scope& s);
};

/// Keeps the commons in step with what Redis tells of itself.
class coherence final : public redis::observer {
public:
  /// Trusts nothing until the first tracking_up(). `purged` is told of each purge that Redis tells of.
  explicit coherence(commons& shared, std::function<void(const cache::scope&)> purged = {});

  void tracking_up() override;
  void tracking_down() override;
  void value_changed(const cache::identity& id) override;
  void lease_changed(const cache::identity& id) override;
  void purged(const cache::scope& s) override;
  void everything_changed() override;

private:
  commons& shared_;
  std::function<void(const cache::scope&)> purged_;
};

} // namespace rollcall::gateway
