#pragma once

#include "rollcall/redis/endpoint.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace rollcall::redis {

/// What one Sentinel says.
struct master_opinion {
  host_port master;
  /// Of the configuration that it goes by; 0 when it does not tell.
  std::uint64_t epoch = 0;
};

/// Which of several opinions of Sentinels to believe. After a failover they learn of it one after the other, the one
/// that led it last: who names the old master then must not lead us back to it. It takes writes for a while yet, and
/// they are lost.
///
/// Each function says whether the master is another one now.
class master_belief {
public:
  [[nodiscard]] const std::optional<host_port>& master() const noexcept { return master_; }

  /// A later configuration wins. Without epochs anything does but the master that an announcement has taken us away
  /// from.
  bool told(const master_opinion& o);

  /// An announcement is news by itself, if it begins where we are.
  bool announced(const host_port& from, const host_port& to);

  /// All that could be asked, at a moment when the master is no use: if they agree, whatever we have heard before
  /// counts no longer. Sentinels that were set up anew count their configurations from nothing.
  bool overruled(std::span<const master_opinion> all);

private:
  bool go_to(const host_port& to);

  std::optional<host_port> master_;
  std::uint64_t epoch_ = 0; ///< the latest that we know of
  std::optional<host_port> left_;
};

} // namespace rollcall::redis
