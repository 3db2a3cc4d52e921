#include "rollcall/cache/memory.hpp"

#include "fence.hpp"
#include "shard.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace rollcall::cache {
namespace {

constexpr std::size_t most_shards = 64;
constexpr std::size_t smallest_shard = std::size_t{4} << 20;

std::size_t shards_for(std::size_t capacity) {
  return std::bit_floor(std::clamp<std::size_t>(capacity / smallest_shard, 1, most_shards));
}

} // namespace

memory::memory(std::size_t capacity) {
  const auto shards = shards_for(capacity);
  shards_ = std::make_unique<shard[]>(shards);
  mask_ = shards - 1;
  for (std::size_t i = 0; i < shards; ++i)
    shards_[i].open(capacity / shards + (i == 0 ? capacity % shards : 0));
}

memory::~memory() = default;

/// By the top bits: the index and the ghosts of a shard use the others.
memory::shard& memory::shard_of(const identity& id) const noexcept {
  return shards_[(id.hash() >> 58) & mask_];
}

holding memory::find(const identity& id, time_point now) {
  return shard_of(id).find(id, now, trusted_since_.load(std::memory_order_acquire));
}

keeping memory::insert(entry_ptr e, time_point now, stamp_type asked) {
  shard& s = shard_of(e->id);
  return s.insert(std::move(e), now, asked, trusted_since_.load(std::memory_order_acquire));
}

bool memory::replace(entry_ptr e) {
  shard& s = shard_of(e->id);
  return s.replace(std::move(e));
}

bool memory::erase(const identity& id, std::uint64_t version) {
  return shard_of(id).erase(id, version);
}

std::vector<entry_ptr> memory::purge(const scope& s) {
  assert(!s.w_id().empty() || !s.room().empty());
  const auto at = next();
  const scope_hash of(s);
  std::vector<entry_ptr> dropped;
  for (std::size_t i = 0; i <= mask_; ++i)
    shards_[i].purge(s, of, at, dropped);
  return dropped;
}

std::vector<entry_ptr> memory::matching(const scope& s, time_point now) const {
  const scope_hash of(s);
  std::vector<entry_ptr> found;
  for (std::size_t i = 0; i <= mask_; ++i)
    shards_[i].list(s, of, now, found);
  return found;
}

void memory::suspect(const identity& id) {
  const auto at = next();
  shard_of(id).suspect(id, at);
}

void memory::confirm(const identity& id, std::uint64_t version, stamp_type asked) {
  shard_of(id).confirm(id, version, asked);
}

void memory::distrust() noexcept {
  const std::lock_guard lock(trust_mutex_);
  trusted_since_.store(std::numeric_limits<stamp_type>::max(), std::memory_order_release);
}

void memory::trust() noexcept {
  const std::lock_guard lock(trust_mutex_);
  trusted_since_.store(next(), std::memory_order_release);
}

memory_stats memory::stats() const {
  memory_stats sum;
  for (std::size_t i = 0; i <= mask_; ++i)
    shards_[i].add_to(sum);
  return sum;
}

/// Orders a purge after what led to it, and whoever reads the new stamp after both.
memory::stamp_type memory::next() noexcept {
  return sequence_.fetch_add(1, std::memory_order_acq_rel) + 1;
}

std::string_view to_string(keeping k) {
  switch (k) {
  case keeping::kept:
    return "kept";
  case keeping::suspect:
    return "suspect";
  case keeping::refused:
    return "refused";
  case keeping::fenced:
    return "fenced";
  case keeping::older:
    return "older";
  }
  assert(false);
  return "";
}

} // namespace rollcall::cache
