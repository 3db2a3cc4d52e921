#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/scope.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace rollcall::cache {

/// What the memory cache has done since it was made, summed over its shards, and what it holds.
struct memory_stats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t insertions = 0;
  std::uint64_t evictions = 0;   ///< pushed out for want of room
  std::uint64_t expirations = 0; ///< dropped because serve_until had passed
  std::uint64_t refusals = 0;    ///< too large to be kept at all
  std::uint64_t fenced = 0;      ///< not kept, because a purge had come since they were asked for
  std::uint64_t purged = 0;      ///< dropped by purges
  /// The most entries that were looked at under one hold of a shard's lock, look-ups aside. Bounded by most_in_a_turn.
  std::uint64_t longest_turn = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0; ///< entries, index, chains and ghosts; never above capacity
  std::uint64_t capacity = 0;
};

/// What memory has of an identity.
struct holding {
  /// Null: nothing.
  entry_ptr entry;
  /// Redis may hold another version by now, or none: serve it once Redis has been asked, or while Redis is out of
  /// reach.
  bool suspect = false;
};

/// What became of an entry that memory was given.
enum class keeping {
  kept = 1,
  suspect, ///< kept, and a suspect from the start: Redis has, or may have, changed what it holds since the stamp
  refused, ///< too large, or expired already; what the identity had is dropped all the same, because it is older
  fenced,  ///< a purge that covers it came after the stamp
  older,   ///< not kept, because what the identity has was fetched later
};
std::string_view to_string(keeping k);

/// The cache in this process: sharded, bounded in bytes, shared by all threads. Every function may be called on any
/// thread; each takes one shard's lock for a few hundred nanoseconds (those about a scope, each shard's in turn) and
/// never does I/O.
///
/// Eviction is S3-FIFO (Yang et al., SOSP 2023): newcomers pass through a small queue and only those asked for again
/// move to the main one, so a flood of one-off rooms does not push out the hot ones; a ghost queue of hashes lets a
/// room that comes back soon enter the main queue at once. A hit changes a two-bit count and moves nothing.
///
/// No lock is held for more than most_in_a_turn entries: an insertion that needs the room of more, like a purge of
/// more, lets others at the shard in between. A newcomer pushes out what it needs room for, and every third entry that
/// it looks at, at least, goes. Nothing is ever rehashed, and what leaves is freed after the lock is.
///
/// **Fence.** Time, for purges, is counted in stamps. Who fetches an answer takes one before asking, and hands it in
/// with the answer: what was asked for before a purge cannot be kept after it, however late it comes. It holds for
/// suspicion in the same way. The records of purges and of suspicion are bounded; when they overflow, older stamps are
/// treated as if everything had been purged, or suspected, since. They take 8 KiB a shard (64 shards at most, of 4 MiB
/// at least) beside the capacity.
class memory {
public:
  using stamp_type = std::uint64_t;

  /// Entries that are looked at before others are let at the shard.
  static constexpr std::size_t most_in_a_turn = 256;

  /// `capacity` in bytes; 0 keeps nothing.
  explicit memory(std::size_t capacity);
  ~memory();
  memory(const memory&) = delete;
  memory& operator=(const memory&) = delete;

  /// Now, as purges count it. Never 0.
  [[nodiscard]] stamp_type stamp() const noexcept { return sequence_.load(std::memory_order_acquire); }

  /// What there is of that identity. An entry whose serve_until is not after `now` is dropped, not returned.
  [[nodiscard]] holding find(const identity& id, time_point now);

  /// Keeps `e`, replacing what the identity had, unless that was fetched later, has not expired, and is no more suspect
  /// than `e`. `asked` is a stamp from before `e` was asked for. An entry larger than a quarter of its shard (a shard
  /// is an equal part of the capacity) would push out too much for one answer: it is refused.
  keeping insert(entry_ptr e, time_point now, stamp_type asked);

  /// Replaces the entry of that identity only while it holds the same version: adds a variant to what is there without
  /// bringing back what was dropped meanwhile. It stays suspect if it was. False, changing nothing, when there is no
  /// such entry, or when `e` is too large.
  bool replace(entry_ptr e);

  /// Drops the entry of that identity if it is of that version. True when there was one to drop.
  bool erase(const identity& id, std::uint64_t version);

  /// Drops what `s` covers, and keeps out whatever was asked for before this call. Returns what was dropped. The cost
  /// is in proportion to the entries that share the account or the room, not to all; large purges let others at the
  /// shard in between.
  std::vector<entry_ptr> purge(const scope& s);

  /// What `s` covers and has not expired, in no order, without counting as a use.
  [[nodiscard]] std::vector<entry_ptr> matching(const scope& s, time_point now) const;

  /// Redis has changed what it holds of that identity: the entry, and whatever was asked for before this call, is
  /// suspect.
  void suspect(const identity& id);
  /// Redis was asked at `asked` and held that version still: the entry is no suspect, unless it has become one since.
  void confirm(const identity& id, std::uint64_t version, stamp_type asked);

  /// From now on every entry is suspect, and stays so until it is confirmed with a stamp from after a trust(): news
  /// from Redis does not reach us. A new memory trusts.
  void distrust() noexcept;
  /// News reaches us again.
  void trust() noexcept;

  [[nodiscard]] memory_stats stats() const;

private:
  class shard;
  [[nodiscard]] shard& shard_of(const identity& id) const noexcept;
  stamp_type next() noexcept;

  /// Read by every look-up and hardly ever written: on a cache line apart from what purges write.
  alignas(64) std::atomic<stamp_type> trusted_since_{1};
  std::unique_ptr<shard[]> shards_;
  std::size_t mask_ = 0;

  /// Purges, suspicions and trusts so far, and one.
  alignas(64) std::atomic<stamp_type> sequence_{1};
  std::mutex trust_mutex_; ///< guards writes of trusted_since_: a distrust() must not be overtaken by an older trust()
};

} // namespace rollcall::cache
