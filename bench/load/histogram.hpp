#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rollcall::load {

/// Counts of nanoseconds in buckets that are at most 0.4 % wide, as in HdrHistogram: below 512 ns each value has its
/// own, above that each power of two has 256. Up to 68 s; what is longer counts as that long.
class histogram {
public:
  struct bucket {
    std::int64_t upper; ///< the largest value in it
    std::uint64_t count;
  };

  void record(std::int64_t nanoseconds) noexcept;
  void add(const histogram& other) noexcept;
  void clear() noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Exact, as are max() and mean(); 0 when nothing was recorded.
  [[nodiscard]] std::int64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] std::int64_t max() const noexcept { return max_; }
  [[nodiscard]] double mean() const noexcept;

  /// The smallest value that at least this share of all values does not exceed, never beyond max(); 0 when empty.
  [[nodiscard]] std::int64_t quantile(double share) const noexcept;

  /// Those that are not empty, in order.
  [[nodiscard]] std::vector<bucket> buckets() const;

  static constexpr std::int64_t longest = (std::int64_t{1} << 36) - 1;

private:
  static constexpr std::size_t fine_bits = 8;
  static constexpr std::size_t size = ((36 - fine_bits - 1) << fine_bits) + (std::size_t{2} << fine_bits);

  static std::size_t index_of(std::uint64_t value) noexcept;
  static std::int64_t upper_of(std::size_t index) noexcept;

  std::array<std::uint64_t, size> counts_{};
  std::size_t first_ = size; // nothing is counted before this one
  std::size_t end_ = 0;      // nor from this one on
  std::uint64_t count_ = 0;
  std::int64_t min_ = longest;
  std::int64_t max_ = 0;
  double sum_ = 0;
};

} // namespace rollcall::load
