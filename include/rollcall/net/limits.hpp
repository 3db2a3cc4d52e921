#pragma once

#include <chrono>
#include <cstddef>

namespace rollcall::net {

/// What a listener puts up with from its clients.
struct limits {
  std::size_t head = 16 * 1024;
  /// Rest of a request that is read and thrown away after an early answer, so that the answer arrives (a close with
  /// unread bytes resets the connection).
  std::size_t drain_bytes = 256 * 1024;
  std::chrono::milliseconds head_timeout{10'000};
  /// Longest pause within a request's body.
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds idle_timeout{75'000};
  /// Longest pause within a response.
  std::chrono::milliseconds write_timeout{30'000};
  std::chrono::milliseconds linger_timeout{2'000};
  /// While draining: how long an idle connection may still bring a request, which is then answered and the connection
  /// closed with it. A connection closed at once would lose a request that is on its way.
  std::chrono::milliseconds drain_idle{1'000};
};

} // namespace rollcall::net
