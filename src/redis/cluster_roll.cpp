#include "rollcall/redis/cluster_roll.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::redis {

void cluster_roll::admit(std::span<const host_port> masters) {
  doubted_ = false;
  // Nobody else writes, so this thread may read without the lock.
  const auto is_known = [this](const host_port& m) { return std::ranges::find(masters_, m) != masters_.end(); };
  const bool all_known = std::ranges::all_of(masters, is_known);
  if (all_known && masters.size() == masters_.size()) {
    return;
  }
  if (!all_known && std::exchange(begun_, true) && heard_) {
    heard_();
  }
  const std::lock_guard lock(mutex_);
  masters_.assign(masters.begin(), masters.end());
  version_.fetch_add(1, std::memory_order_release);
}

bool cluster_roll::admits(const host_port& master) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(masters_, master) != masters_.end();
}

void cluster_roll::attend(std::function<void()> look) {
  const std::lock_guard lock(mutex_);
  look_ = std::move(look);
}

void cluster_roll::doubt() {
  if (doubted_.exchange(true)) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (look_) {
    look_();
  }
}

} // namespace rollcall::redis
