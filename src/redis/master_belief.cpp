#include "master_belief.hpp"

#include <algorithm>

namespace rollcall::redis {

bool master_belief::go_to(const host_port& to) {
  left_ = master_;
  master_ = to;
  return true;
}

bool master_belief::told(const master_opinion& o) {
  if (master_ == o.master) {
    epoch_ = std::max(epoch_, o.epoch);
    return false;
  }
  const bool news = !master_ || o.epoch > epoch_ || (o.epoch == 0 && epoch_ == 0 && left_ != o.master);
  if (!news) {
    return false;
  }
  epoch_ = o.epoch;
  return go_to(o.master);
}

bool master_belief::announced(const host_port& from, const host_port& to) {
  if (master_ == to || (master_ && master_ != from)) {
    return false;
  }
  return go_to(to);
}

bool master_belief::overruled(std::span<const master_opinion> all) {
  if (all.empty() || !master_ || !std::ranges::all_of(all, [&](const auto& o) {
        return o.master == all.front().master && o.master != *master_;
      })) {
    return false;
  }
  epoch_ = std::ranges::max(all, {}, &master_opinion::epoch).epoch;
  return go_to(all.front().master);
}

} // namespace rollcall::redis
