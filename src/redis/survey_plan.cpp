#include "survey_plan.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::redis {
namespace {

bool has(const std::vector<host_port>& all, const host_port& one) {
  return std::ranges::find(all, one) != all.end();
}

} // namespace

survey_order::survey_order(std::vector<host_port> seeds) : seeds_(std::move(seeds)) {
  add(seeds_, nodes_);
}

void survey_order::add(std::span<const host_port> nodes, std::vector<host_port>& to) const {
  for (const auto& node : nodes) {
    if (!has(to, node)) {
      to.push_back(node);
    }
  }
}

void survey_order::prefer(const host_port& node) {
  if (const auto at = std::ranges::find(nodes_, node); at != nodes_.end()) {
    std::rotate(nodes_.begin(), at, at + 1);
  }
}

void survey_order::failed(const host_port& node) {
  if (const auto at = std::ranges::find(nodes_, node); at != nodes_.end()) {
    std::rotate(at, at + 1, nodes_.end());
  }
}

void survey_order::adopt(const slot_map& map) {
  std::vector<host_port> now;
  for (const auto& node : nodes_) { // in the order that has proved its worth
    if (has(map.masters(), node) || has(map.replicas(), node)) {
      now.push_back(node);
    }
  }
  add(map.masters(), now);
  add(map.replicas(), now);
  add(seeds_, now);
  nodes_ = std::move(now);
}

void survey_schedule::begun() noexcept {
  prompted_ = std::exchange(looked_, false);
}

/// What was noticed within a round may be news to it.
void survey_schedule::ended(time_point now, bool calm, double random) noexcept {
  const bool noticed = looked_;
  pause_ = calm && !noticed && !prompted_ ? least_ : std::min(2 * pause_, most_);
  const auto spread = [random](milliseconds whole) {
    return std::chrono::duration_cast<milliseconds>(whole * (0.5 + random / 2));
  };
  earliest_ = now + spread(pause_);
  next_ = calm && !noticed ? now + spread(period_) : earliest_;
}

bool survey_schedule::look() noexcept {
  looked_ = true;
  return std::exchange(next_, std::min(next_, earliest_)) != next_;
}

} // namespace rollcall::redis
