#include "load/result.hpp"

#include <numeric>

namespace rollcall::load {
namespace {

double microseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

} // namespace

latencies summary_of(const histogram& of) {
  return {of.count(),
          microseconds(of.min()),
          of.mean() / 1e3,
          microseconds(of.quantile(0.5)),
          microseconds(of.quantile(0.9)),
          microseconds(of.quantile(0.99)),
          microseconds(of.quantile(0.999)),
          microseconds(of.quantile(0.9999)),
          microseconds(of.max())};
}

std::optional<double> hit_ratio(const std::array<std::uint64_t, cache_outcomes>& hits) {
  const auto untold = hits[static_cast<std::size_t>(cache_outcome::none)];
  const auto missed = hits[static_cast<std::size_t>(cache_outcome::miss)];
  const auto told = std::accumulate(hits.begin(), hits.end(), std::uint64_t{0}) - untold;
  return told == 0 ? std::nullopt : std::optional(static_cast<double>(told - missed) / static_cast<double>(told));
}

std::optional<double> result::hit_ratio() const {
  return load::hit_ratio(hits);
}

void take(result& into, const tally& of, double seconds) {
  into.seconds = seconds;
  into.requests = of.requests;
  into.throughput = seconds > 0 ? static_cast<double>(of.requests) / seconds : 0;
  into.latency = summary_of(of.latency);
  into.writes = summary_of(of.writes);
  into.herds = summary_of(of.herds);
  into.hit_latency = summary_of(of.hit_latency);
  into.errors = of.failed;
  into.wrong = of.wrong;
  into.outdated = of.outdated;
  into.hits = of.hits;
  into.bytes_in = of.bytes_in;
  into.bytes_out = of.bytes_out;
  into.histogram.clear();
  for (const auto& [upper, count] : of.latency.buckets()) {
    into.histogram.emplace_back(microseconds(upper), count);
  }
}

} // namespace rollcall::load
