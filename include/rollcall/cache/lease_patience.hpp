#pragma once

#include <cstdint>

namespace rollcall::cache {

/// For how many other gateways' calls one waits, one after the other: when the lease passes from one to the next, the
/// call of the first has failed, and in a fleet of many nobody should wait for all of them to find that out.
class lease_patience {
public:
  static constexpr unsigned holders_most = 2;

  /// Whether to wait for this holder, too. `holder` tells one from another; 0 is not known, and does not count.
  bool waits_for(std::uint64_t holder) noexcept {
    if (holder != 0 && holder != last_) {
      last_ = holder;
      ++holders_;
    }
    return holders_ <= holders_most;
  }

private:
  std::uint64_t last_ = 0;
  unsigned holders_ = 0;
};

} // namespace rollcall::cache
