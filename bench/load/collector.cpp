#include "load/collector.hpp"

namespace rollcall::load {
namespace {

point point_of(std::size_t second, const tally& counted) {
  point made;
  made.t = static_cast<double>(second);
  made.requests = counted.requests;
  made.p50_us = static_cast<double>(counted.latency.quantile(0.5)) / 1e3;
  made.p99_us = static_cast<double>(counted.latency.quantile(0.99)) / 1e3;
  made.hits = counted.hits;
  made.errors = counted.failed.total();
  made.wrong = counted.wrong;
  return made;
}

} // namespace

void collector::merge(std::size_t at, const tally& counted) {
  const std::scoped_lock lock(mutex_);
  total_.add(counted);
  auto& slot = open_[at];
  if (!slot) {
    slot = std::make_unique<second>();
  }
  slot->counted.add(counted);
  if (++slot->reports == workers_) {
    points_.push_back(point_of(at, slot->counted));
    open_.erase(at);
  }
}

void collector::merge(const moments& counted) {
  const std::scoped_lock lock(mutex_);
  moments_.add(counted);
}

void collector::note_upstream(std::size_t at, std::uint64_t calls) {
  const std::scoped_lock lock(mutex_);
  upstream_[at] = calls;
}

std::optional<point> collector::latest(std::size_t seen) const {
  const std::scoped_lock lock(mutex_);
  return points_.size() > seen ? std::optional(points_.back()) : std::nullopt;
}

std::vector<point> collector::series() const {
  const std::scoped_lock lock(mutex_);
  auto made = points_;
  for (const auto& [at, rest] : open_) {
    made.push_back(point_of(at, rest->counted));
  }
  for (auto& each : made) {
    if (const auto found = upstream_.find(static_cast<std::size_t>(each.t)); found != upstream_.end()) {
      each.upstream_calls = found->second;
    }
  }
  return made;
}

} // namespace rollcall::load
