#include "rollcall/gateway/allowance.hpp"

#include <algorithm>

namespace rollcall::gateway {

namespace {

// The admin port's clients are 64 at most; then standard streams, loops, tracking, purges, callbacks handed on, and
// connections that are refused or closing.
constexpr std::size_t of_the_process = 192;
// Loops, listening sockets, Redis, and the connections to an instance that are kept although they are idle.
constexpr std::size_t of_a_lane = 96;

} // namespace

allowance allow(std::size_t descriptors, std::size_t connections, std::size_t in_flight, std::size_t lanes) noexcept {
  const auto own = of_the_process + of_a_lane * lanes;
  allowance a{connections, in_flight, own + connections + in_flight, true};
  if (a.needed <= descriptors)
    return a;
  a.enough = false;
  // With very few, idle connections will have to do with less.
  const auto left = descriptors - std::min(own, descriptors / 2);
  a.in_flight = std::clamp<std::size_t>(left / 4, 1, in_flight);
  a.connections = std::clamp<std::size_t>(left - std::min(left, a.in_flight), 1, connections);
  return a;
}

} // namespace rollcall::gateway
