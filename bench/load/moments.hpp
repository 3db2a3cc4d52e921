#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rollcall::load {

/// What became of the questions that were due within a tenth of a second. Times are nanoseconds.
struct moment {
  std::uint64_t requests = 0; ///< answered with status 200
  std::uint64_t errors = 0;
  std::uint64_t wrong = 0;
  std::int64_t worst = 0;     ///< the longest that one took
  std::int64_t worst_hit = 0; ///< of those that the peer called a hit

  void add(const moment& other) noexcept;
};

/// One after the other since the measured part began: too short to have percentiles of their own, but they tell when a
/// peer was itself again. Unlike a second of the series, which counts what came in it, a moment counts what was due.
class moments {
public:
  static constexpr std::int64_t length = 100'000'000;

  /// The one that a question belongs to which was due so long after the beginning.
  moment& at(std::int64_t since_begin);
  void add(const moments& others);

  [[nodiscard]] const std::vector<moment>& all() const noexcept { return all_; }

private:
  std::vector<moment> all_;
};

} // namespace rollcall::load
