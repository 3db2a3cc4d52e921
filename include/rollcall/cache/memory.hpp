#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace rollcall::cache {

/// What the memory cache has done since it was made, summed over its shards, and what it holds.
struct memory_stats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t insertions = 0;
  std::uint64_t evictions = 0;   ///< pushed out for want of room
  std::uint64_t expirations = 0; ///< dropped because serve_until had passed
  std::uint64_t refusals = 0;    ///< too large to be kept at all
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0; ///< entries, index and ghosts; never above capacity
  std::uint64_t capacity = 0;
};

/// The cache in this process: sharded, bounded in bytes, shared by all threads. Every function may be called on any
/// thread; each takes one shard's lock for a few hundred nanoseconds and never does I/O.
///
/// Eviction is S3-FIFO (Yang et al., SOSP 2023): newcomers pass through a small queue and only those asked for again
/// move to the main one, so a flood of one-off rooms does not push out the hot ones; a ghost queue of hashes lets a
/// room that comes back soon enter the main queue at once. A hit changes a two-bit count and moves nothing.
///
/// The work of one insertion is bounded: a fixed number of second chances, and then as many evictions as the newcomer
/// needs room. Nothing is rehashed, and what leaves is freed after the lock is.
class memory {
public:
  /// `capacity` in bytes; 0 keeps nothing.
  explicit memory(std::size_t capacity);
  ~memory();
  memory(const memory&) = delete;
  memory& operator=(const memory&) = delete;

  /// The entry of that identity, or null. An entry whose serve_until is not after `now` is dropped, not returned.
  [[nodiscard]] entry_ptr find(const identity& id, time_point now);

  /// Keeps `e`, replacing what the identity had. An entry larger than a quarter of its shard (a shard is an equal part
  /// of the capacity) would push out too much for one answer: it is refused. Then, and when `e` has already expired,
  /// the result is false, and what the identity had is dropped all the same, because it is older.
  bool insert(entry_ptr e, time_point now);

  /// Replaces the entry of that identity only while it holds the same version: adds a variant to what is there without
  /// bringing back what was dropped meanwhile. False, changing nothing, when it does not, or when `e` is too large.
  bool replace(entry_ptr e);

  /// True when there was something to drop.
  bool erase(const identity& id);

  [[nodiscard]] memory_stats stats() const;

private:
  class shard;
  [[nodiscard]] shard& shard_of(const identity& id) const noexcept;

  std::unique_ptr<shard[]> shards_;
  std::size_t mask_ = 0;
};

} // namespace rollcall::cache
