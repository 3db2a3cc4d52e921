#pragma once

#include <cmath>
#include <cstdint>

namespace rollcall::load {

/// The intended times of one thread's requests, evenly spaced, where `threads` of them make up `rate` together. They
/// depend on nothing that happens, so a peer that stalls does not slow the questions down: whoever measures from these
/// times leaves out nobody who would have had to wait. Times are nanoseconds of the steady clock.
class pace {
public:
  pace(std::int64_t begin, double rate, std::size_t threads, std::size_t thread) noexcept
      : begin_(begin), period_(1e9 * static_cast<double>(threads) / rate),
        offset_(1e9 * static_cast<double>(thread) / rate) {}

  [[nodiscard]] std::int64_t next() const noexcept {
    return begin_ + std::llround(offset_ + static_cast<double>(sent_) * period_);
  }
  void advance() noexcept { ++sent_; }

  /// How many intended times have passed by before `end` and were not taken: next() is the first of them.
  [[nodiscard]] std::uint64_t left_before(std::int64_t end) const noexcept {
    const double due = std::ceil((static_cast<double>(end - begin_) - offset_) / period_);
    return due > static_cast<double>(sent_) ? static_cast<std::uint64_t>(due) - sent_ : 0;
  }

private:
  std::int64_t begin_;
  double period_;
  double offset_;
  std::uint64_t sent_ = 0;
};

} // namespace rollcall::load
