#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rollcall::cache {

/// The hashes of what was pushed out of the small queue lately: S3-FIFO's ghost queue. As in the paper's own
/// implementation it is no list but a table of buckets, one cache line each, of fingerprints with the number of the
/// push-out that put them there. They grow old by that number and are overwritten then. So its size is fixed, and
/// remembering costs one cache line and no allocation. A false match only lets a room into the main queue early.
class ghost {
public:
  /// Takes at most `bytes`.
  explicit ghost(std::size_t bytes) : buckets_(std::bit_floor(bytes / sizeof(bucket))) {}

  void remember(std::uint64_t hash) noexcept {
    if (buckets_.empty())
      return;
    ++now_;
    bucket& b = bucket_of(hash);
    std::size_t pick = 0;
    for (std::size_t i = 0; i < width && b.print[pick] != print_of(hash); ++i)
      if (b.print[i] == print_of(hash) || age(b, i) > age(b, pick))
        pick = i;
    b.print[pick] = print_of(hash);
    b.since[pick] = now_;
  }

  /// Whether `hash` is among the last `depth` that were remembered. It is forgotten then.
  bool recall(std::uint64_t hash, std::size_t depth) noexcept {
    if (buckets_.empty())
      return false;
    bucket& b = bucket_of(hash);
    for (std::size_t i = 0; i < width; ++i) {
      if (b.print[i] != print_of(hash))
        continue;
      const bool known = age(b, i) < depth;
      b.print[i] = 0;
      return known;
    }
    return false;
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return buckets_.size() * sizeof(bucket); }

private:
  static constexpr std::size_t width = 8;
  struct alignas(64) bucket {
    std::array<std::uint32_t, width> print{}; ///< 0: free
    std::array<std::uint32_t, width> since{};
  };

  [[nodiscard]] std::uint32_t age(const bucket& b, std::size_t i) const noexcept {
    return b.print[i] == 0 ? std::numeric_limits<std::uint32_t>::max() : now_ - b.since[i];
  }
  /// Other bits than those that choose the bucket, here and in the index, and the shard (the top six).
  static std::uint32_t print_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 26) | 1U; }
  bucket& bucket_of(std::uint64_t hash) noexcept { return buckets_[hash & (buckets_.size() - 1)]; }

  std::vector<bucket> buckets_;
  std::uint32_t now_ = 0;
};

} // namespace rollcall::cache
