#pragma once

#include "rollcall/cache/scope.hpp"
#include "rollcall/gateway/background.hpp"
#include "rollcall/gateway/commons.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/store.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rollcall::gateway {

struct purges_options {
  std::optional<redis::deployment> redis;
  std::string name_space;
  /// For each of the round trips of a purge.
  std::chrono::milliseconds step{250};
  /// How often a purge that Redis could not take is tried again: at first, and at least.
  std::chrono::milliseconds retry{50};
  std::chrono::milliseconds retry_most{3000};
  /// Purges kept for Redis. Beyond that those by room and account become purges of the whole account, and when there
  /// are too many of those as well, everything that Redis holds from before counts as purged on this gateway.
  std::size_t kept_most = 1024;
  /// How long a purge that Redis has carried out is remembered, in case that a failover loses it.
  std::chrono::seconds remembered{60};
};

/// Carries purges out: in this process at once, then in Redis and so in the fleet. Those that Redis could not take are
/// kept, in order, and carried out before this process uses Redis for anything else.
///
/// Has a Redis connection of its own, on the control thread.
class purges {
public:
  purges(const net::executor& control, commons& shared, purges_options options);

  /// On the control thread.
  void start();
  void stop();
  /// For each of the round trips of purges from now on. On the control thread.
  void change_step(std::chrono::milliseconds step) { options_.step = step; }

  struct report {
    /// How many lists were dropped: from memory here, or from Redis.
    std::size_t purged = 0;
    /// Redis has not been told yet.
    bool pending = false;
  };

  /// On any thread. In this process it is done before the first suspension; when the task ends, Redis and so the fleet
  /// have been told, or `pending` says that they have not.
  net::task<report> purge(cache::scope s);

  /// Whether Redis must not be used, because it has yet to be told of purges. Any thread.
  [[nodiscard]] bool outstanding() const noexcept { return outstanding_.load() || unheard_.load() > 0; }

  /// Who cannot wait for the end of his purge() says so before he goes on as if it were over, and caught_up() at its
  /// end: what is under way in between counts as outstanding. Any thread.
  void outrun(const cache::scope& s);
  void caught_up();

  /// Redis tells of a purge that was carried out, here or elsewhere. On the control thread.
  void heard(const cache::scope& s);

  /// Redis has another master, which may not have got what the old one confirmed: the purges of the last minute are
  /// outstanding until they have been carried out there. On the control thread, before anybody uses the new master.
  void master_changed();

  /// What Redis holds from before this is to be treated as purged. Any thread.
  [[nodiscard]] cache::time_point floor() const noexcept { return floor_.load(); }

  /// The lists of `s` that Redis knows of, at most `most`. On the control thread.
  net::task<std::vector<cache::entry_ptr>> stored(cache::scope s, std::size_t most);

  /// Null when there is no Redis.
  [[nodiscard]] const redis::connection_stats* redis_stats() const noexcept {
    return link_ ? &link_->stats() : nullptr;
  }
  [[nodiscard]] const redis::store_stats* store_stats() const noexcept { return store_ ? &store_->stats() : nullptr; }
  /// Purges begun, and those that Redis has yet to be told of (a gauge).
  [[nodiscard]] std::uint64_t begun() const noexcept { return begun_.load(std::memory_order_relaxed); }
  [[nodiscard]] const ops::counter& kept() const noexcept { return kept_; }
  /// Those that were carried out once more, for a new master.
  [[nodiscard]] const ops::counter& repeated() const noexcept { return repeated_; }
  [[nodiscard]] const ops::counter& overflows() const noexcept { return overflows_; }

private:
  net::task<report> carry_out(cache::scope s, std::vector<cache::identity> dropped);
  net::task<> retry();
  void keep(const cache::scope& s);
  void coarsen();
  void begin_retrying();
  void show_kept();

  net::executor control_;
  commons& shared_;
  purges_options options_;
  std::unique_ptr<redis::client> link_;
  std::unique_ptr<redis::store> store_;
  net::timer pause_;
  std::chrono::milliseconds rest_; // until what is kept is tried again
  // Of the control thread.
  std::deque<cache::scope> waiting_;
  struct done {
    cache::scope what;
    net::steady_clock::time_point when;
  };
  std::deque<done> done_; // the oldest first
  bool done_overflowed_ = false;
  std::uint64_t masters_ = 0; // how often there was another one
  bool retrying_ = false;
  bool stopping_ = false;
  std::atomic<bool> outstanding_{false};
  std::atomic<unsigned> unheard_{0};
  std::atomic<cache::time_point> floor_{cache::time_point::min()};
  bool overflowed_ = false;
  std::atomic<std::uint64_t> begun_{0};
  ops::counter kept_;
  ops::counter repeated_;
  ops::counter overflows_;
  ops::counter running_;
  background tasks_;
};

/// What the admin port says of a purge: `{"purged":2}`, or `{"purged":2,"redis":"pending"}`.
std::string to_json(const purges::report& r);

} // namespace rollcall::gateway
