#pragma once

#include "rollcall/gateway/background.hpp"
#include "rollcall/gateway/commons.hpp"
#include "rollcall/gateway/compressor.hpp"
#include "rollcall/gateway/load.hpp"
#include "rollcall/gateway/purges.hpp"
#include "rollcall/gateway/settings.hpp"
#include "rollcall/gateway/stats.hpp"
#include "rollcall/redis/store.hpp"
#include "rollcall/upstream/pools.hpp"
#include "rollcall/upstream/shield.hpp"

#include <random>

namespace rollcall::gateway {

/// What every lane shares: objects that lock for themselves.
struct house {
  commons& lists;
  gateway::purges& purges;
  upstream::shield& shield;
  compressor& gzip;
  gateway::load& load;
};

/// What the request flows of one lane use. Everything in it lives on the lane's thread.
struct lane_context {
  const house& shared;
  /// Those of the moment, never null. What waits keeps the pointer that it began with.
  settings_ptr settings;
  net::executor ex;
  upstream::pools& upstreams;
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
