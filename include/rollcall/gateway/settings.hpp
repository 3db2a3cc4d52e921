#pragma once

#include "rollcall/cache/freshness.hpp"
#include "rollcall/net/limits.hpp"
#include "rollcall/ops/config.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace spdlog {
class logger;
}

namespace rollcall::gateway {

/// What the configuration says and may say otherwise while the process runs (gateway::reload). Immutable: each lane
/// holds a copy of its own and is given another one on its thread; what is under way keeps the one it began with.
struct settings {
  cache::windows windows;
  std::chrono::milliseconds redis_timeout{50};
  std::chrono::milliseconds upstream_timeout{10'000};
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds dns_ttl{30'000};
  /// What an ejected instance is asked for, and how often; empty: it is not.
  std::string probe;
  std::chrono::milliseconds probe_interval{1'000};
  /// How long one asker waits for a flight, whoever leads it: longer than any that goes well takes.
  std::chrono::milliseconds patience{15'000};
  /// How long a failure is remembered.
  std::chrono::milliseconds failure{3'000};
  std::chrono::milliseconds drain_timeout{30'000};
  /// Paths of writes that change lists of members.
  std::set<std::string, std::less<>> writes;
  /// What bots are allowed.
  net::limits clients;
  /// Null unless the access log is on.
  std::shared_ptr<spdlog::logger> access;
};

using settings_ptr = std::shared_ptr<const settings>;

settings settings_of(const ops::config& c);

} // namespace rollcall::gateway
