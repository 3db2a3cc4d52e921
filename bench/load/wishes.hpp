#pragma once

#include "load/popularity.hpp"
#include "upstream/random.hpp"

#include <cstddef>
#include <cstdint>

namespace rollcall::load {

/// What one thread asks for, one after the other: the same from the same seed.
class wishes {
public:
  struct wish {
    std::size_t room;
    bool write; ///< change the room instead of asking for it
  };

  /// Keeps a reference to `rooms`. `churn` is the share of writes.
  wishes(const popularity& rooms, double churn, std::uint64_t seed, std::size_t thread)
      : rooms_(rooms), churn_(churn), random_(standin::seed_from(seed, std::uint64_t{thread})) {}

  wish next() {
    const auto room = rooms_.draw(random_);
    return {room, churn_ > 0 && random_.chance(churn_)};
  }

private:
  const popularity& rooms_;
  double churn_;
  standin::random_source random_;
};

} // namespace rollcall::load
