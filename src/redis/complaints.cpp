#include "rollcall/redis/complaints.hpp"

#include <algorithm>

namespace rollcall::redis {

bool complaints::is_news(std::string_view kind, net::steady_clock::time_point now) {
  const auto known = std::ranges::find(said_, kind, &complaint::kind);
  if (known != said_.end()) {
    if (now - known->said < pause) {
      return false;
    }
    said_.erase(known);
  } else if (said_.size() == kinds_most) {
    said_.pop_front();
  }
  said_.push_back({std::string(kind), now});
  return true;
}

} // namespace rollcall::redis
