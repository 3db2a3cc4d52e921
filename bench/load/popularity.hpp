#pragma once

#include "upstream/random.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rollcall::load {

/// Zipf's law: the n-th of `size` things, counted from 0, is asked for in proportion to (n + 1) to the power of
/// -exponent; 0 makes all equal. Immutable, so threads may share one. A draw costs the same for any size (Walker's
/// alias method, in Vose's form).
class popularity {
public:
  popularity(std::size_t size, double exponent);

  [[nodiscard]] std::size_t draw(standin::random_source& random) const {
    const auto slot = static_cast<std::size_t>(random.below(table_.size()));
    return random.unit() < table_[slot].keep ? slot : table_[slot].otherwise;
  }

private:
  struct choice {
    double keep = 1;
    std::uint32_t otherwise = 0;
  };
  std::vector<choice> table_;
};

} // namespace rollcall::load
