// How a gateway ends: it drains, asked to or replaced by another process, and leaves when nothing is under way.
#include "rollcall/gateway/gateway.hpp"
#include "rollcall/ops/service_manager.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace rollcall::gateway {

namespace {

// How long a request to the admin port may take to end after all else has.
constexpr std::chrono::milliseconds admin_patience{1000};

} // namespace

void gateway::drain(net::leaving how) {
  net::asio::post(control_, [this, how] { begin_drain(how); });
}

void gateway::begin_drain(net::leaving how) {
  if (!std::exchange(status_.draining, true)) {
    spdlog::info("draining: finishing what is under way");
    ops::tell_service_manager("STOPPING=1");
  }
  hand_over_.stop();
  if (how == net::leaving::handing_over)
    admin_listener_.drain(how);
  for (auto& l : lanes_)
    l->drain(how);
}

void gateway::wait_to_be_replaced() {
  hand_over::offer offer{.bots = {}, .admin = admin_listener_.sockets()};
  for (const auto& l : lanes_)
    std::ranges::copy(l->sockets(), std::back_inserter(offer.bots));
  auto where = config_.server.listen;
  where.port = port();
  hand_over_.start(hand_over_name(where), std::move(offer));
}

void gateway::replaced(pid_t by) {
  spdlog::info("process {} serves from now on", by);
  begin_drain(net::leaving::handing_over);
}

void gateway::lane_ended() {
  if (--running_ > 0)
    return;
  admin_listener_.drain();
  leave_by_ = net::steady_clock::now() + admin_patience;
  leave_when_idle();
}

// A purge or a callback may be under way on the admin port.
void gateway::leave_when_idle() {
  if (!admin_.idle() && net::steady_clock::now() < leave_by_) {
    last_look_.expires_after(std::chrono::milliseconds(10));
    last_look_.async_wait([this](net::error_code cancelled) {
      if (!cancelled)
        leave_when_idle();
    });
    return;
  }
  admin_listener_.stop();
  events_.stop();
  edges_.stop();
  purges_.stop();
  if (tracking_)
    tracking_->stop();
  if (redis_ && redis_->watch)
    redis_->watch->stop();
  control_.stop();
}

} // namespace rollcall::gateway
