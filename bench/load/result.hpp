#pragma once

#include "load/cache_outcome.hpp"
#include "load/histogram.hpp"
#include "load/moments.hpp"
#include "load/tally.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rollcall::load {

/// Microseconds.
struct latencies {
  std::uint64_t count = 0;
  double min = 0;
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double p9999 = 0;
  double max = 0;
};
latencies summary_of(const histogram& of);

/// One second of a run.
struct point {
  double t = 0; ///< its beginning, in seconds since the measured part began
  std::uint64_t requests = 0;
  double p50_us = 0;
  double p99_us = 0;
  std::array<std::uint64_t, cache_outcomes> hits{};
  std::uint64_t errors = 0;
  std::uint64_t wrong = 0;
  std::optional<std::uint64_t> upstream_calls = {}; ///< since the run began
};

/// Something that was done to the peer.
struct event {
  double t = 0;
  std::string command;
  int status = 0;
};

/// A run as it is written down; schema 1.
struct result {
  std::vector<std::pair<std::string, std::string>> settings; ///< values are JSON
  std::string started;                                       ///< ISO 8601, UTC
  double seconds = 0;
  std::uint64_t requests = 0;
  double throughput = 0;
  latencies latency;
  latencies writes;
  latencies herds;
  latencies hit_latency; ///< of the lists that the peer called a hit
  failures errors;
  std::uint64_t wrong = 0;
  std::uint64_t outdated = 0;
  std::array<std::uint64_t, cache_outcomes> hits{};
  std::optional<double> cpu_us_per_request;
  std::optional<std::uint64_t> rss_bytes;
  std::optional<std::uint64_t> upstream_calls;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  double client_cpu_us_per_request = 0;
  std::vector<std::pair<double, std::uint64_t>> histogram; ///< upper bound in microseconds, count
  std::vector<point> series;
  std::vector<moment> moments;
  std::vector<event> events;

  /// The share of answers that needed no call, among those that tell.
  [[nodiscard]] std::optional<double> hit_ratio() const;
};

std::optional<double> hit_ratio(const std::array<std::uint64_t, cache_outcomes>& hits);

/// Fills what a tally of the whole run tells.
void take(result& into, const tally& of, double seconds);

/// JSON, one object. Reading returns nothing for what is no result of schema 1.
std::string to_json(const result& of);
std::optional<result> from_json(std::string_view text);

} // namespace rollcall::load
