#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/identity.hpp"

#include "ghost.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/unordered_set.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rollcall::cache {

namespace intrusive = boost::intrusive;

/// An entry in a queue and in the index.
struct node
    : intrusive::list_base_hook<intrusive::link_mode<intrusive::normal_link>>,
      intrusive::unordered_set_base_hook<intrusive::link_mode<intrusive::normal_link>, intrusive::store_hash<true>> {
  explicit node(entry_ptr e);

  entry_ptr held;
  /// What it takes from the capacity, itself included.
  std::size_t bytes;
  /// Hits since it joined its queue, up to most_uses.
  std::uint8_t uses = 0;
  bool in_main = false;
};

using node_list = intrusive::list<node, intrusive::constant_time_size<false>>;

/// Nodes that have left, to be freed where it holds nobody up: returning 250 KB to the system takes longer than
/// everything else that is done under a shard's lock.
class leavings {
public:
  leavings() = default;
  leavings(const leavings&) = delete;
  leavings& operator=(const leavings&) = delete;
  ~leavings() {
    nodes_.clear_and_dispose([](node* n) { delete n; });
  }
  void take(node& n) noexcept { nodes_.push_back(n); }

private:
  node_list nodes_;
};

/// What became of entries in one operation.
struct departures {
  leavings nodes;
  std::uint64_t evicted = 0;
  std::uint64_t expired = 0;
};

/// One shard's entries, index and queues, bounded in bytes. Not thread-safe; reads no clock.
class s3_fifo {
public:
  /// `capacity` bytes in all: the index and the ghosts take their share (1 in 256 each) at once and never grow.
  explicit s3_fifo(std::size_t capacity);
  ~s3_fifo();
  s3_fifo(const s3_fifo&) = delete;
  s3_fifo& operator=(const s3_fifo&) = delete;

  /// Null when there is none. Neither counts as a use nor looks at expiry.
  [[nodiscard]] node* find(const identity& id) noexcept;

  static void use(node& n) noexcept {
    if (n.uses < most_uses)
      ++n.uses;
  }

  /// Whether add() may be given a node of that size: up to a quarter of the capacity.
  [[nodiscard]] bool fits(std::size_t bytes) const noexcept { return bytes <= capacity_ / 4 && bytes <= room_; }

  /// Takes a node of a new identity, in the queue that the ghosts say. Makes room first.
  void add(node& n, time_point now, departures& left) noexcept;

  /// Takes `n` in the place of `old`, which has the same identity: in the same queue, with its uses, as the newest.
  void exchange(node& old, node& n, time_point now, departures& left) noexcept;

  /// Takes `n` out of queue and index and hands it over.
  void remove(node& n, departures& left) noexcept;

  /// Removes what has expired from the old ends of the queues, a few at a time.
  void sweep(time_point now, departures& left) noexcept;

  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return fixed_ + small_.bytes + main_.bytes; }

  static constexpr std::uint8_t most_uses = 3;

private:
  struct queue {
    node_list nodes; ///< newest first
    std::size_t bytes = 0;
  };
  struct key_of {
    using type = identity;
    const identity& operator()(const node& n) const noexcept { return n.held->id; }
  };
  struct hash_of {
    std::size_t operator()(const identity& id) const noexcept { return id.hash(); }
  };
  using index = intrusive::unordered_set<node, intrusive::key_of_value<key_of>, intrusive::hash<hash_of>,
                                         intrusive::power_2_buckets<true>, intrusive::compare_hash<true>,
                                         intrusive::constant_time_size<false>>;

  using bucket = index::bucket_type;

  queue& queue_of(const node& n) noexcept { return n.in_main ? main_ : small_; }
  void link(node& n, bool in_main) noexcept;
  void unlink(node& n) noexcept;
  void make_room(std::size_t bytes, time_point now, departures& left) noexcept;
  bool second_chance(node& n) noexcept;

  std::size_t capacity_;
  std::vector<bucket> buckets_;
  index index_;
  ghost ghosts_;
  std::size_t fixed_;
  std::size_t room_;
  queue small_;
  queue main_;
  std::size_t entries_ = 0;
};

} // namespace rollcall::cache
