#include "rollcall/redis/breaker.hpp"

namespace rollcall::redis {

bool breaker::failed(unsigned count, time_point now) noexcept {
  if (open_) {
    return false;
  }
  failures_ += count;
  if (failures_ < options_.failures) {
    return false;
  }
  open_ = true;
  // A probe may go well where commands do not: then the pauses go on growing.
  if (closed_ == time_point::min() || now - closed_ >= 2 * options_.pause_most) {
    pauses_.reset();
  }
  return true;
}

bool breaker::probed(bool well, time_point now) noexcept {
  if (!open_ || !well) {
    return false;
  }
  open_ = false;
  failures_ = 0;
  closed_ = now;
  return true;
}

} // namespace rollcall::redis
