#include "rollcall/api/recent_events.hpp"

namespace rollcall::api {

recent_events::recent_events(std::size_t capacity) : capacity_(capacity) {}

bool recent_events::is_new(std::string_view key) {
  if (key.empty() || key.size() > longest_key || capacity_ == 0)
    return true;
  if (seen_.contains(key))
    return false;
  if (order_.size() == capacity_) {
    seen_.erase(seen_.find(*order_.front()));
    order_.pop_front();
  }
  order_.push_back(&*seen_.emplace(key).first);
  return true;
}

} // namespace rollcall::api
