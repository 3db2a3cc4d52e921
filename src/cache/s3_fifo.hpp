#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/identity.hpp"

#include "fence.hpp"
#include "ghost.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/unordered_set.hpp>

#include <cstddef>
#include <cstdint>
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
  /// Hits since it joined its queue, up to most_uses.
  std::uint8_t uses = 0;
  bool in_main = false;
  scope_hash scopes;
  /// What it takes from the capacity, itself included.
  std::size_t bytes;
  chain_hook in_account;
  chain_hook in_room;
};

using node_list = intrusive::list<node, intrusive::constant_time_size<false>>;

/// The nodes whose accounts, or rooms, share a bucket. Not a hash set, because Boost's unlinks a node only by walking
/// its bucket, and a large account has all its entries in one.
template <chain_hook node::* Hook>
using chain =
    intrusive::list<node, intrusive::member_hook<node, chain_hook, Hook>, intrusive::constant_time_size<false>>;
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
};

/// One shard's entries, index and queues, bounded in bytes. Not thread-safe; reads no clock.
class s3_fifo {
public:
  /// `capacity` bytes in all: the index, the chains and the ghosts take their share (1 in 256 each) at once and never
  /// grow.
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

  /// Takes `n` out of queue, index and chains and hands it over.
  void remove(node& n, leavings& left) noexcept;

  /// Removes up to `most` of the nodes that `s` covers, and says how many. `of` is the hash of `s`. Walks the chain of
  /// the room, or of the account if any room will do.
  std::size_t remove_covered(const scope& s, scope_hash of, std::size_t most, leavings& left) noexcept;

  /// Adds the entries that `s` covers and that have not expired.
  void list_covered(const scope& s, scope_hash of, time_point now, std::vector<entry_ptr>& to);

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

  account_chain& accounts_of(scope_hash s) noexcept { return accounts_[s.account & (accounts_.size() - 1)]; }
  room_chain& rooms_of(scope_hash s) noexcept { return rooms_[s.room & (rooms_.size() - 1)]; }
  template <class F>
  void each_covered(const scope& s, scope_hash of, F f);

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
