#include "rollcall/cache/memory.hpp"

#include "s3_fifo.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace rollcall::cache {
namespace {

constexpr std::size_t most_shards = 64;
constexpr std::size_t smallest_shard = std::size_t{4} << 20;

std::size_t shards_for(std::size_t capacity) {
  return std::bit_floor(std::clamp<std::size_t>(capacity / smallest_shard, 1, most_shards));
}

} // namespace

/// A part of the cache with a lock of its own, on cache lines of its own. What leaves is declared before the lock is
/// taken, so that it is freed after the lock is released.
class alignas(64) memory::shard {
public:
  void open(std::size_t capacity) {
    capacity_ = capacity;
    held_.emplace(capacity);
  }

  entry_ptr find(const identity& id, time_point now) {
    departures left;
    const std::lock_guard lock(mutex_);
    node* const n = held_->find(id);
    if (n == nullptr) {
      ++counts_.misses;
      return nullptr;
    }
    if (n->held->serve_until <= now) {
      held_->remove(*n, left);
      ++counts_.expirations;
      ++counts_.misses;
      return nullptr;
    }
    s3_fifo::use(*n);
    ++counts_.hits;
    return n->held;
  }

  bool insert(entry_ptr e, time_point now) {
    auto newcomer = std::make_unique<node>(std::move(e));
    departures left;
    const std::lock_guard lock(mutex_);
    held_->sweep(now, left);
    node* const old = held_->find(newcomer->held->id);
    const bool fits = held_->fits(newcomer->bytes);
    const bool kept = fits && newcomer->held->serve_until > now;
    if (kept) {
      put(old, std::move(newcomer), now, left);
      ++counts_.insertions;
    } else if (old != nullptr) {
      held_->remove(*old, left);
    }
    if (!fits && capacity_ > 0)
      ++counts_.refusals;
    count(left);
    return kept;
  }

  bool replace(entry_ptr e) {
    auto newcomer = std::make_unique<node>(std::move(e));
    departures left;
    const std::lock_guard lock(mutex_);
    node* const old = held_->find(newcomer->held->id);
    if (old == nullptr || old->held->version != newcomer->held->version)
      return false;
    if (!held_->fits(newcomer->bytes)) {
      ++counts_.refusals;
      return false;
    }
    put(old, std::move(newcomer), time_point::min(), left);
    count(left);
    return true;
  }

  bool erase(const identity& id) {
    departures left;
    const std::lock_guard lock(mutex_);
    node* const n = held_->find(id);
    if (n != nullptr)
      held_->remove(*n, left);
    return n != nullptr;
  }

  void add_to(memory_stats& sum) const {
    const std::lock_guard lock(mutex_);
    sum.hits += counts_.hits;
    sum.misses += counts_.misses;
    sum.insertions += counts_.insertions;
    sum.evictions += counts_.evictions;
    sum.expirations += counts_.expirations;
    sum.refusals += counts_.refusals;
    sum.entries += held_->entries();
    sum.bytes += held_->bytes();
    sum.capacity += capacity_;
  }

private:
  void put(node* old, std::unique_ptr<node> newcomer, time_point now, departures& left) {
    node& n = *newcomer.release();
    if (old != nullptr)
      held_->exchange(*old, n, now, left);
    else
      held_->add(n, now, left);
  }

  void count(const departures& left) {
    counts_.evictions += left.evicted;
    counts_.expirations += left.expired;
  }

  /// Guards all members below. Held for a look-up and, when inserting, for linking and unlinking; never while an
  /// entry is made or freed.
  mutable std::mutex mutex_;
  std::optional<s3_fifo> held_;
  std::size_t capacity_ = 0;
  memory_stats counts_;
};

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

entry_ptr memory::find(const identity& id, time_point now) {
  return shard_of(id).find(id, now);
}

bool memory::insert(entry_ptr e, time_point now) {
  shard& s = shard_of(e->id);
  return s.insert(std::move(e), now);
}

bool memory::replace(entry_ptr e) {
  shard& s = shard_of(e->id);
  return s.replace(std::move(e));
}

bool memory::erase(const identity& id) {
  return shard_of(id).erase(id);
}

memory_stats memory::stats() const {
  memory_stats sum;
  for (std::size_t i = 0; i <= mask_; ++i)
    shards_[i].add_to(sum);
  return sum;
}

} // namespace rollcall::cache
