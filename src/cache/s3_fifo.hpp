#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/identity.hpp"

#include "fence.hpp"
#include "ghost.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/unordered_set.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace rollcall::cache {

namespace intrusive = boost::intrusive;

using chain_hook = intrusive::list_member_hook<intrusive::link_mode<intrusive::normal_link>>;

/// An entry in a queue, in the index, and in the chains of its account and of its room. What a look-up needs is close
/// together.
struct node
    : intrusive::list_base_hook<intrusive::link_mode<intrusive::normal_link>>,
      intrusive::unordered_set_base_hook<intrusive::link_mode<intrusive::normal_link>, intrusive::store_hash<true>> {
  explicit node(entry_ptr e);

  entry_ptr held;
  /// The stamp since which nothing has called it into question; 0 when something has.
  sequence good_since = 0;
  /// What it takes from the capacity, itself included; too_large for what 32 bits cannot count.
  std::uint32_t bytes;
  /// Hits since it joined its queue, up to most_uses.
  std::uint8_t uses = 0;
  bool in_main = false;
  scope_hash scopes;
  chain_hook in_account;
  chain_hook in_room;

  static constexpr auto too_large = std::numeric_limits<std::uint32_t>::max();
};

using node_list = intrusive::list<node, intrusive::constant_time_size<false>>;

/// The nodes whose accounts, or rooms, share a bucket. Not a hash set, because Boost's unlinks a node only by walking
/// its bucket, and a large account has all its entries in one. They know their size, so that a walk in several turns
/// knows when it has been round.
template <chain_hook node::* Hook>
using chain =
    intrusive::list<node, intrusive::member_hook<node, chain_hook, Hook>, intrusive::constant_time_size<true>>;
using account_chain = chain<&node::in_account>;
using room_chain = chain<&node::in_room>;

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

  /// Gives the entries to who asked for them, instead of letting them go.
  void hand_over(std::vector<entry_ptr>& to) {
    for (const node& n : nodes_)
      to.push_back(n.held);
  }

private:
  node_list nodes_;
};

/// What became of entries in one operation.
struct departures {
  leavings nodes;
  std::uint64_t evicted = 0;
  std::uint64_t expired = 0;
  /// Entries that were looked at, whatever became of them.
  std::uint64_t looked_at = 0;
};

/// One shard's entries, index and queues, bounded in bytes. Not thread-safe; reads no clock.
class s3_fifo {
public:
  /// `capacity` bytes in all: the index, the chains and the ghosts take their share (1 in 80 together) at once and
  /// never grow.
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

  /// Whether there may ever be room for a node of that size: up to a quarter of the capacity.
  [[nodiscard]] bool fits(std::size_t bytes) const noexcept {
    return bytes <= capacity_ / 4 && bytes <= room_ && bytes < node::too_large;
  }

  /// Pushes out what has to go so that a node of so many bytes can come, in the place of `old` where that is not null;
  /// `old` stays. False when it has looked at most_looked_at entries and there is more to do: let others at the shard,
  /// and call again.
  bool make_room(std::size_t bytes, node* old, time_point now, departures& left) noexcept;

  /// Takes a node of a new identity, in the queue that the ghosts say. There must be room.
  void add(node& n) noexcept;

  /// Takes `n` in the place of `old`, which has the same identity: in the same queue, with its uses, as the newest.
  /// There must be room.
  void exchange(node& old, node& n, leavings& left) noexcept;

  /// Takes `n` out of queue, index and chains and hands it over.
  void remove(node& n, leavings& left) noexcept;

  /// How many nodes may have to be looked at to find those that a scope of that hash covers: the chain of the room, or
  /// of the account if any room will do.
  [[nodiscard]] std::size_t chained(scope_hash of) const noexcept {
    return of.room != 0 ? rooms_of(of).size() : accounts_of(of).size();
  }

  /// Looks at the next `count` nodes of that chain, or at all when it has fewer, and puts each at its end. Gives `f`
  /// those that `s` covers; it may remove them. What joins a chain joins it at its end: who walks as many nodes as
  /// there were in the beginning has seen all of these that are left, provided that nobody else walks meanwhile.
  template <class F>
  void walk(const scope& s, scope_hash of, std::size_t count, F f) {
    if (of.room != 0)
      walk(rooms_of(of), s, of, count, f);
    else
      walk(accounts_of(of), s, of, count, f);
  }

  /// Removes what has expired from the old ends of the queues, a few at a time.
  void sweep(time_point now, departures& left) noexcept;

  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return fixed_ + small_.bytes + main_.bytes; }

  static constexpr std::uint8_t most_uses = 3;

  /// By one make_room(): some 50 microseconds' worth, when none of them is in the processor's caches. A third of them
  /// goes, at least.
  static constexpr int most_looked_at = 96;

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
  void to_front(node& n) noexcept;
  bool second_chance(node& n) noexcept;

  [[nodiscard]] std::size_t account_slot(scope_hash s) const noexcept { return s.account & (accounts_.size() - 1); }
  [[nodiscard]] std::size_t room_slot(scope_hash s) const noexcept { return s.room & (rooms_.size() - 1); }
  account_chain& accounts_of(scope_hash s) noexcept { return accounts_[account_slot(s)]; }
  room_chain& rooms_of(scope_hash s) noexcept { return rooms_[room_slot(s)]; }
  [[nodiscard]] const account_chain& accounts_of(scope_hash s) const noexcept { return accounts_[account_slot(s)]; }
  [[nodiscard]] const room_chain& rooms_of(scope_hash s) const noexcept { return rooms_[room_slot(s)]; }

  template <class Chain, class F>
  static void walk(Chain& chain, const scope& s, scope_hash of, std::size_t count, F f) {
    for (count = std::min(count, chain.size()); count > 0; --count) {
      node& n = chain.front();
      chain.splice(chain.end(), chain, chain.begin());
      if (of.may_cover(n.scopes) && s.covers(n.held->id))
        f(n);
    }
  }

  std::size_t capacity_;
  std::vector<bucket> buckets_;
  index index_;
  std::vector<account_chain> accounts_;
  std::vector<room_chain> rooms_;
  ghost ghosts_;
  std::size_t fixed_;
  std::size_t room_;
  queue small_;
  queue main_;
  std::size_t entries_ = 0;
};

} // namespace rollcall::cache
