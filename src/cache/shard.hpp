#pragma once

#include "rollcall/cache/memory.hpp"

#include "fence.hpp"
#include "s3_fifo.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace rollcall::cache {

/// A part of the cache with a lock of its own, on cache lines of its own. What leaves is declared before the lock is
/// taken, so that it is freed after the lock is released.
class alignas(64) memory::shard {
public:
  void open(std::size_t capacity) {
    capacity_ = capacity;
    held_.emplace(capacity);
  }

  holding find(const identity& id, time_point now, sequence trusted_since) {
    leavings left;
    const std::lock_guard lock(mutex_);
    node* const n = held_->find(id);
    if (n == nullptr) {
      ++counts_.misses;
      return {};
    }
    if (n->held->serve_until <= now) {
      held_->remove(*n, left);
      ++counts_.expirations;
      ++counts_.misses;
      return {};
    }
    s3_fifo::use(*n);
    ++counts_.hits;
    prefetch(n->held->plain.get());
    return {n->held, n->good_since < trusted_since};
  }

  keeping insert(entry_ptr e, time_point now, sequence asked, sequence trusted_since) {
    auto newcomer = std::make_unique<node>(std::move(e));
    for (;;) {
      departures left;
      const std::lock_guard lock(mutex_);
      held_->sweep(now, left);
      const auto k = admit(newcomer, now, asked, trusted_since, left);
      count(left);
      if (k)
        return *k;
    }
  }

  bool replace(entry_ptr e) {
    auto newcomer = std::make_unique<node>(std::move(e));
    for (;;) {
      departures left;
      const std::lock_guard lock(mutex_);
      node* const old = held_->find(newcomer->held->id);
      if (old == nullptr || old->held->version != newcomer->held->version)
        return false;
      if (!held_->fits(newcomer->bytes)) {
        ++counts_.refusals;
        return false;
      }
      newcomer->good_since = old->good_since;
      const bool done = put(old, newcomer, time_point::min(), left);
      count(left);
      if (done)
        return true;
    }
  }

  bool erase(const identity& id, std::uint64_t version) {
    leavings left;
    const std::lock_guard lock(mutex_);
    node* const n = held_->find(id);
    if (n == nullptr || n->held->version != version)
      return false;
    held_->remove(*n, left);
    return true;
  }

  void purge(const scope& s, scope_hash of, sequence at, std::vector<entry_ptr>& dropped) {
    const std::lock_guard alone(walk_mutex_);
    std::size_t to_do = note(of, at);
    while (to_do > 0) {
      leavings left;
      {
        const std::lock_guard lock(mutex_);
        to_do -= walk(s, of, to_do, [&](node& n) {
          held_->remove(n, left);
          ++counts_.purged;
        });
      }
      left.hand_over(dropped);
    }
  }

  void list(const scope& s, scope_hash of, time_point now, std::vector<entry_ptr>& to) {
    const std::lock_guard alone(walk_mutex_);
    for (std::size_t to_do = chained(of); to_do > 0;) {
      to.reserve(std::max(to.capacity(), to.size() + most_in_a_turn));
      const std::lock_guard lock(mutex_);
      to_do -= walk(s, of, to_do, [&](const node& n) {
        if (n.held->serve_until > now)
          to.push_back(n.held);
      });
    }
  }

  void suspect(const identity& id, sequence at) {
    const std::lock_guard lock(mutex_);
    suspicions_.note(id.hash(), at);
    if (node* const n = held_->find(id); n != nullptr && n->good_since < at)
      n->good_since = 0;
  }

  void confirm(const identity& id, std::uint64_t version, sequence asked) {
    const std::lock_guard lock(mutex_);
    node* const n = held_->find(id);
    if (n != nullptr && n->held->version == version)
      n->good_since = std::max(n->good_since, good_since(id, asked));
  }

  void add_to(memory_stats& sum) const {
    const std::lock_guard lock(mutex_);
    sum.hits += counts_.hits;
    sum.misses += counts_.misses;
    sum.insertions += counts_.insertions;
    sum.evictions += counts_.evictions;
    sum.expirations += counts_.expirations;
    sum.refusals += counts_.refusals;
    sum.fenced += counts_.fenced;
    sum.purged += counts_.purged;
    sum.longest_turn = std::max(sum.longest_turn, counts_.longest_turn);
    sum.entries += held_->entries();
    sum.bytes += held_->bytes();
    sum.capacity += capacity_;
  }

private:
  /// What is read next, while the lock is released and the head is written. From there on the processor knows.
  static void prefetch(const variant* v) noexcept {
    constexpr std::size_t line = 64;
    constexpr std::size_t lines = 8;
    if (v == nullptr)
      return;
    for (std::size_t i = 0; i < lines; ++i)
      __builtin_prefetch(reinterpret_cast<const char*>(v) + i * line);
  }

  /// The fence. A purge takes its number p first and then visits every shard, where it records p and drops what it
  /// covers, under the lock. An answer that was asked for before it has a stamp below p. If it comes to its shard
  /// before the purge does, it is dropped by the visit; if after, it meets the record, or a floor that is no lower. So
  /// it is not there once the purge has returned, nor later. Whoever asks after that has a stamp of p or more and
  /// passes. Suspicions work alike, except that they visit one shard, and mark instead of dropping.
  ///
  /// Nothing when there is more room to be made first; then it is all to be judged again.
  std::optional<keeping> admit(std::unique_ptr<node>& newcomer, time_point now, sequence asked, sequence trusted_since,
                               departures& left) {
    node& n = *newcomer;
    if (purges_.any_since(asked, n.scopes.covering())) {
      ++counts_.fenced;
      return keeping::fenced;
    }
    n.good_since = good_since(n.held->id, asked);
    node* const old = held_->find(n.held->id);
    if (old != nullptr && old->held->version == n.held->version)
      n.good_since = std::max(n.good_since, old->good_since);
    else if (old != nullptr && outdoes(*old, n, now, trusted_since))
      return keeping::older;
    const bool fits = held_->fits(n.bytes);
    if (!fits || n.held->serve_until <= now) {
      if (old != nullptr)
        held_->remove(*old, left.nodes);
      if (!fits && capacity_ > 0)
        ++counts_.refusals;
      return keeping::refused;
    }
    const bool suspect = n.good_since < trusted_since;
    if (!put(old, newcomer, now, left))
      return std::nullopt;
    ++counts_.insertions;
    return suspect ? keeping::suspect : keeping::kept;
  }

  /// Whether `old` is the one to keep: fetched later, and no more suspect. While news does not reach us all are, and of
  /// two suspects the one is less so that was asked for, or confirmed, after later news.
  static bool outdoes(const node& old, const node& n, time_point now, sequence trusted_since) {
    return old.held->fetched_at > n.held->fetched_at && old.held->serve_until > now &&
           (old.good_since >= trusted_since || old.good_since >= n.good_since);
  }

  /// Since when what was asked for at `asked` is known to be good: since then, or not at all.
  [[nodiscard]] sequence good_since(const identity& id, sequence asked) const {
    const auto key = id.hash();
    return suspicions_.any_since(asked, std::span(&key, 1)) ? 0 : asked;
  }

  /// False when there is more room to be made first.
  bool put(node* old, std::unique_ptr<node>& newcomer, time_point now, departures& left) {
    if (!held_->make_room(newcomer->bytes, old, now, left))
      return false;
    node& n = *newcomer.release();
    if (old != nullptr)
      held_->exchange(*old, n, left.nodes);
    else
      held_->add(n);
    return true;
  }

  void count(const departures& left) {
    counts_.evictions += left.evicted;
    counts_.expirations += left.expired;
    counts_.longest_turn = std::max(counts_.longest_turn, left.looked_at);
  }

  /// Records the purge, and says how many nodes it has to look at: whatever comes later meets the record.
  std::size_t note(scope_hash of, sequence at) {
    const std::lock_guard lock(mutex_);
    purges_.note(of.key(), at);
    return held_->chained(of);
  }

  std::size_t chained(scope_hash of) const {
    const std::lock_guard lock(mutex_);
    return held_->chained(of);
  }

  /// One turn of a walk of which there is so much to do. Says how much less there is then.
  template <class F>
  std::size_t walk(const scope& s, scope_hash of, std::size_t to_do, F f) {
    const auto there = held_->chained(of);
    const auto count = std::min({to_do, there, most_in_a_turn});
    held_->walk(s, of, count, f);
    counts_.longest_turn = std::max(counts_.longest_turn, std::uint64_t{count});
    return count == there ? to_do : count;
  }

  /// Held by who walks a chain, taken before the other: two walks would move it on under each other's feet.
  std::mutex walk_mutex_;
  /// Guards all members below. Held for a look-up and, when inserting, for linking and unlinking, for a bounded number
  /// of entries at a time; never while an entry is made or freed.
  mutable std::mutex mutex_;
  std::optional<s3_fifo> held_;
  std::size_t capacity_ = 0;
  fence purges_;
  fence suspicions_;
  memory_stats counts_;
};

} // namespace rollcall::cache
