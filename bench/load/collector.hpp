#pragma once

#include "load/moments.hpp"
#include "load/result.hpp"
#include "load/tally.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace rollcall::load {

/// Puts together what the workers counted, second by second. Any thread may call.
class collector {
public:
  explicit collector(std::size_t workers) : workers_(workers) {}

  /// What a worker counted in that second; each worker reports each second once, in order.
  void merge(std::size_t second, const tally& counted);

  /// All moments of a worker that has ended.
  void merge(const moments& counted);

  /// Notes how many upstream calls there had been when that second ended.
  void note_upstream(std::size_t second, std::uint64_t calls);

  /// The last second that all workers have reported, if there is one after `seen`.
  [[nodiscard]] std::optional<point> latest(std::size_t seen) const;

  /// After all workers ended.
  [[nodiscard]] const tally& total() const { return total_; }
  [[nodiscard]] std::vector<point> series() const;
  [[nodiscard]] const std::vector<moment>& all_moments() const { return moments_.all(); }

private:
  struct second {
    tally counted;
    std::size_t reports = 0;
  };
  mutable std::mutex mutex_; // guards everything below
  std::size_t workers_;
  tally total_;
  std::map<std::size_t, std::unique_ptr<second>> open_;
  std::vector<point> points_;
  std::map<std::size_t, std::uint64_t> upstream_;
  moments moments_;
};

} // namespace rollcall::load
