#include "rollcall/gateway/allowance.hpp"

#include "rollcall/upstream/pool.hpp"

#include <algorithm>

namespace rollcall::gateway {

namespace {

// The admin port's clients are 64 at most; then standard streams, loops, tracking, purges, callbacks handed on, and
// connections that are refused or closing.
constexpr std::size_t of_the_process = 192;
// Loops, listening sockets, Redis.
constexpr std::size_t of_a_lane = 32;

} // namespace

allowance allow(std::size_t descriptors, const wanted& w) noexcept {
  const auto idle = upstream::pool_options{}.idle_most; // of each lane to each instance
  const auto own = of_the_process + w.lanes * (of_a_lane + idle * w.instances);
  allowance a{w.connections, w.in_flight, own + w.connections + w.in_flight, true};
  if (a.needed <= descriptors)
    return a;
  a.enough = false;
  // With very few, idle connections will have to do with less.
  const auto left = descriptors - std::min(own, descriptors / 2);
  a.in_flight = std::clamp<std::size_t>(left / 4, 1, w.in_flight);
  a.connections = std::clamp<std::size_t>(left - std::min(left, a.in_flight), 1, w.connections);
  return a;
}

} // namespace rollcall::gateway
