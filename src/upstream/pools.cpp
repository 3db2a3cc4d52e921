#include "rollcall/upstream/pools.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::upstream {

pools::pools(const net::executor& ex, net::reactor& edges, std::shared_ptr<const directory> where,
             const pool_options& options)
    : where_(std::move(where)) {
  for (const auto& each : where_->entries())
    all_.push_back(std::make_unique<pool>(ex, edges, each.where, options, each.condition, each.trust));
  if (where_->homes().is_single())
    only_ = all_.front().get();
}

std::expected<std::size_t, failure> pools::home_of(std::string_view w_id) const {
  if (only_)
    return 0;
  const auto home = where_->homes().home_of(w_id);
  if (!home)
    return std::unexpected(failure::no_instance);
  return *home;
}

// An ejected one is passed by, since any will do; but when all are, the foremost is as good as any, and tried.
pool& pools::for_anybody() const {
  const auto all = where_->homes().for_anybody();
  const auto well = std::ranges::find_if(all, [this](std::size_t i) {
    const auto* const condition = all_[i]->condition();
    return !condition || !condition->is_ejected();
  });
  return *all_[well == all.end() ? all.front() : *well];
}

void pools::change(const pool_options& o) {
  for (const auto& each : all_)
    each->change(o);
}

void pools::stop() {
  for (const auto& each : all_)
    each->stop();
}

} // namespace rollcall::upstream
