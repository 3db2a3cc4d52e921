#include "rollcall/gateway/lease_keeper.hpp"

namespace rollcall::gateway {

std::shared_ptr<lease_keeper> lease_keeper::start(lane_context& lane, redis::lease l) {
  auto k = std::make_shared<lease_keeper>(lane, std::move(l));
  lane.tasks.start(renew(k), "renewing a lease");
  return k;
}

void lease_keeper::stop() {
  stopped_ = true;
  pause_.cancel();
}

void lease_keeper::give_back() {
  stop();
  lane_.tasks.start(release(shared_from_this()), "giving a lease back");
}

// Three times in a lease's life, so that one lost round trip costs nothing. A lease that is lost stays lost: the store
// will be told so as well.
net::task<> lease_keeper::renew(std::shared_ptr<lease_keeper> self) {
  while (!self->stopped_) {
    self->pause_.expires_after(redis::store::lease_life / 3);
    co_await self->pause_.async_wait(net::no_throw);
    if (self->stopped_)
      co_return;
    const auto by = net::steady_clock::now() + self->lane_.settings->redis_timeout;
    if (co_await self->lane_.store->renew(self->lease_, by) == redis::lease_outcome::lost)
      co_return;
  }
}

net::task<> lease_keeper::release(std::shared_ptr<lease_keeper> self) {
  co_await self->lane_.store->release(self->lease_, net::steady_clock::now() + self->lane_.settings->redis_timeout);
}

} // namespace rollcall::gateway
