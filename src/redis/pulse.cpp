#include "pulse.hpp"

#include <algorithm>

namespace rollcall::redis {

pulse::verdict pulse::look(time_point now) noexcept {
  if (now - heard_ >= silence_) {
    return verdict::dead;
  }
  if (now < next_ask()) {
    return verdict::alive;
  }
  asked_ = now;
  return verdict::ask;
}

pulse::time_point pulse::next() const noexcept {
  return std::min(next_ask(), heard_ + silence_);
}

pulse::time_point pulse::next_ask() const noexcept {
  return std::max(heard_, asked_) + heartbeat_;
}

} // namespace rollcall::redis
