#include "rollcall/cache/purge_times.hpp"

#include "fence.hpp"

#include <algorithm>

namespace rollcall::cache {

void purge_times::note(const scope& s, time_point now) {
  const auto key = scope_hash(s).key();
  const std::lock_guard lock(mutex_);
  auto& at = times_.try_emplace(key, now).first->second;
  at = std::max(at, now);
  order_.emplace_back(key, now);
  while (order_.size() > most || now - order_.front().second > remembered)
    forget_oldest();
}

void purge_times::forget_oldest() {
  const auto [key, at] = order_.front();
  order_.pop_front();
  if (const auto known = times_.find(key); known != times_.end() && known->second <= at)
    times_.erase(known);
}

time_point purge_times::latest(const identity& id) const {
  const auto keys = scope_hash(id.parts()).covering();
  auto latest = time_point::min();
  const std::lock_guard lock(mutex_);
  for (const auto key : keys)
    if (const auto known = times_.find(key); known != times_.end())
      latest = std::max(latest, known->second);
  return latest;
}

std::size_t purge_times::size() const {
  const std::lock_guard lock(mutex_);
  return times_.size();
}

} // namespace rollcall::cache
