#pragma once

#include "load/address.hpp"
#include "load/town.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rollcall::load {

using microseconds = std::chrono::microseconds;

/// A crowd that asks for a list which nobody has.
struct herd_plan {
  microseconds every{1'000'000};
  std::size_t askers = 100;
};

/// Something to do to the peer, so long after the measured part began.
struct planned_event {
  microseconds at{0};
  std::string command;
};

/// What a run does.
struct plan {
  std::vector<url> targets;
  std::size_t connections = 64;
  std::size_t threads = 1;
  microseconds duration = std::chrono::seconds(10);
  microseconds warmup = std::chrono::seconds(2);
  microseconds timeout = std::chrono::seconds(10);
  double rate = 0; ///< requests a second, open loop; 0: closed loop
  bool reconnect = false;
  bool sticky = false; ///< each bot asks one target only
  std::size_t pipeline = 1;

  std::size_t bots = 20;
  std::size_t rooms = 50; ///< of each bot
  members_wanted members;
  double zipf = 0.9;
  std::uint64_t seed = 1;
  double churn = 0;
  bool gzip = false;
  bool passthrough = false;
  bool prime = false;
  bool verify = true;
  std::optional<herd_plan> herd;
  std::string replay;

  std::vector<int> pids;
  std::optional<url> upstream_stats;
  std::vector<planned_event> events;
  std::string json_file;
  std::string html_file;
  bool quiet = false;
};

inline constexpr std::size_t most_connections = 50'000;
inline constexpr std::size_t most_rooms = 4'000'000;

} // namespace rollcall::load
