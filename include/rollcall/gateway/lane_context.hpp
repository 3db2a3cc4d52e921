#pragma once

#include "rollcall/cache/freshness.hpp"
#include "rollcall/gateway/background.hpp"
#include "rollcall/gateway/commons.hpp"
#include "rollcall/gateway/compressor.hpp"
#include "rollcall/gateway/purges.hpp"
#include "rollcall/gateway/stats.hpp"
#include "rollcall/redis/store.hpp"
#include "rollcall/upstream/pool.hpp"

#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <string>

namespace spdlog {
class logger;
}

namespace rollcall::gateway {

/// What every lane shares. Immutable but for the objects it refers to, which lock for themselves.
struct house {
  cache::windows windows;
  std::chrono::milliseconds redis_timeout{50};
  std::chrono::milliseconds upstream_timeout{10'000};
  /// How long one asker waits for a flight, whoever leads it: longer than any that goes well takes.
  std::chrono::milliseconds patience{15'000};
  /// How long a failure is remembered.
  std::chrono::milliseconds failure{3'000};
  /// Paths of writes that change lists of members.
  std::set<std::string, std::less<>> writes;
  commons& lists;
  gateway::purges& purges;
  compressor& gzip;
  /// Null unless the access log is on.
  std::shared_ptr<spdlog::logger> access;
};

/// What the request flows of one lane use. Everything in it lives on the lane's thread.
struct lane_context {
  const house& shared;
  net::executor ex;
  upstream::pool& pool;
  /// Null: memory only.
  redis::store* store = nullptr;
  background& tasks;
  lane_stats& stats;

  /// Whether Redis may be asked at all at this moment.
  [[nodiscard]] bool redis_usable() const { return store && store->connected() && !shared.purges.outstanding(); }

  std::mt19937_64 random{std::random_device{}()};
  /// In [0, 1), from the upper 53 bits. The standard library's own computes two logarithms for it.
  double uniform() { return static_cast<double>(random() >> 11) * 0x1p-53; }
};

} // namespace rollcall::gateway
