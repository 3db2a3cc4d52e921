#include "load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rollcall::load {

std::size_t histogram::index_of(std::uint64_t value) noexcept {
  const auto width = static_cast<std::size_t>(std::bit_width(value));
  const std::size_t octave = width > fine_bits + 1 ? width - fine_bits - 1 : 0;
  return (octave << fine_bits) + static_cast<std::size_t>(value >> octave);
}

std::int64_t histogram::upper_of(std::size_t index) noexcept {
  const std::size_t octave = index < (std::size_t{2} << fine_bits) ? 0 : (index >> fine_bits) - 1;
  const auto leading = static_cast<std::int64_t>(index - (octave << fine_bits));
  return ((leading + 1) << octave) - 1;
}

void histogram::record(std::int64_t nanoseconds) noexcept {
  const auto value = std::clamp<std::int64_t>(nanoseconds, 0, longest);
  const auto index = index_of(static_cast<std::uint64_t>(value));
  ++counts_[index];
  first_ = std::min(first_, index);
  end_ = std::max(end_, index + 1);
  ++count_;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void histogram::add(const histogram& other) noexcept {
  for (std::size_t i = other.first_; i < other.end_; ++i) {
    counts_[i] += other.counts_[i];
  }
  first_ = std::min(first_, other.first_);
  end_ = std::max(end_, other.end_);
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

void histogram::clear() noexcept {
  if (first_ < end_) {
    std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(first_),
              counts_.begin() + static_cast<std::ptrdiff_t>(end_), 0);
  }
  first_ = size;
  end_ = 0;
  count_ = 0;
  min_ = longest;
  max_ = 0;
  sum_ = 0;
}

double histogram::mean() const noexcept {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::int64_t histogram::quantile(double share) const noexcept {
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_) - 1e-6)));
  std::uint64_t seen = 0;
  for (std::size_t i = first_; i < end_; ++i) {
    seen += counts_[i];
    if (seen >= wanted) {
      return std::min(upper_of(i), max_);
    }
  }
  return max_;
}

std::vector<histogram::bucket> histogram::buckets() const {
  std::vector<bucket> found;
  for (std::size_t i = first_; i < end_; ++i) {
    if (counts_[i] != 0) {
      found.push_back({upper_of(i), counts_[i]});
    }
  }
  return found;
}

} // namespace rollcall::load
