#include "rollcall/gateway/patience.hpp"

#include <iterator>

namespace rollcall::gateway {

void patience::enter(guest& g, std::chrono::milliseconds limit) {
  g.until_ = net::steady_clock::now() + limit;
  auto at = queue_.end();
  while (at != queue_.begin() && std::prev(at)->until_ > g.until_)
    --at;
  queue_.insert(at, g);
  if (!armed_)
    look();
  else if (g.until_ < timer_.expiry())
    timer_.cancel(); // and it looks again
}

void patience::leave(guest& g) {
  g.unlink();
  if (stopping_ && queue_.empty())
    timer_.cancel();
}

void patience::stop() {
  stopping_ = true;
  if (queue_.empty())
    timer_.cancel();
}

// Sends away whose time is over, and sees to it that this is done again when the next one's is.
void patience::look() {
  const auto now = net::steady_clock::now();
  while (!queue_.empty() && queue_.front().until_ <= now) {
    auto& g = queue_.front();
    queue_.pop_front();
    send_away_(g);
  }
  if (queue_.empty() || armed_) // somebody may have come meanwhile
    return;
  armed_ = true;
  timer_.expires_at(queue_.front().until_);
  timer_.async_wait([this](net::error_code) {
    armed_ = false;
    look();
  });
}

} // namespace rollcall::gateway
