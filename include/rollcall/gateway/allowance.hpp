#pragma once

#include <cstddef>

namespace rollcall::gateway {

/// What a process can allow, given how many descriptors it may have open: each client's connection takes one, and each
/// request that is under way to an instance another. What is left is for the admin port, Redis, idle connections to
/// instances and the loops themselves, so that these work when clients have taken all that they can.
struct allowance {
  std::size_t connections = 0;
  std::size_t in_flight = 0;
  /// Descriptors that it would take to allow what is wanted.
  std::size_t needed = 0;
  /// They are there.
  bool enough = true;
};

/// What is wanted, and by how many lanes before how many instances.
struct wanted {
  std::size_t connections = 1;
  std::size_t in_flight = 1;
  std::size_t lanes = 1;
  std::size_t instances = 1;
};

allowance allow(std::size_t descriptors, const wanted& w) noexcept;

} // namespace rollcall::gateway
