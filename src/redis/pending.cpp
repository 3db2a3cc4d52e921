#include "rollcall/redis/pending.hpp"

#include <algorithm>

namespace rollcall::redis {

void pending::push(std::shared_ptr<command> c, time_point now, time_point deadline) {
  slots_.push_back({std::move(c), now, deadline});
  earliest_ = earliest_ ? std::min(*earliest_, deadline) : deadline;
}

bool pending::take(reply r) {
  if (slots_.empty()) {
    return false;
  }
  auto who = std::move(slots_.front().who);
  slots_.pop_front();
  if (who) {
    who->settle(std::move(r));
  }
  return true;
}

std::size_t pending::expire(time_point now) {
  if (!earliest_ || now < *earliest_) {
    return 0;
  }
  std::size_t expired = 0;
  earliest_.reset();
  for (auto& s : slots_) {
    if (!s.who || s.who->settled()) {
      s.who.reset();
    } else if (s.deadline <= now) {
      s.who->settle(std::unexpected(command_error::timed_out));
      s.who.reset();
      ++expired;
    } else {
      earliest_ = earliest_ ? std::min(*earliest_, s.deadline) : s.deadline;
    }
  }
  return expired;
}

void pending::close(command_error why) {
  for (auto& s : slots_) {
    if (s.who) {
      s.who->settle(std::unexpected(why));
    }
  }
  slots_.clear();
  earliest_.reset();
}

bool pending::awaited() const noexcept {
  return !slots_.empty() && slots_.front().who && !slots_.front().who->settled();
}

std::optional<pending::time_point> pending::oldest() const {
  return slots_.empty() ? std::nullopt : std::optional(slots_.front().sent);
}

} // namespace rollcall::redis
