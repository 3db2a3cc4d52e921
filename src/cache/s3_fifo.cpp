#include "s3_fifo.hpp"

#include "footprint.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <utility>

namespace rollcall::cache {
namespace {

/// One index bucket, and room for one ghost, for so many bytes of entries. A list of a five-member room is about as
/// large; with smaller entries the index chains and the ghosts reach less far back.
constexpr std::size_t bytes_per_slot = 2048;

/// So many slots share a chain of either kind. More chains would spare a purge the look at a few strangers in each
/// shard, and cost four words of memory for each.
constexpr std::size_t slots_per_chain = 4;

/// Uses in the small queue that earn a place in the main one. The paper asks for two. With one, measured over rooms
/// read by Zipf(0.9) from 4 to 256 MiB, the hot rooms' hit ratio is within 0.012 of that while one-off rooms are up to
/// half of all requests, and 0.006 to 0.028 better when they are 80 %: with so short a small queue, few rooms get a
/// second hit.
constexpr std::uint8_t uses_to_promote = 1;

/// Second chances that one make_room() hands out before it takes the oldest whatever its uses: without a bound, one
/// unlucky insertion would walk the whole shard three times.
constexpr int most_second_chances = 64;
static_assert(most_second_chances < s3_fifo::most_looked_at);

/// Expired entries that one insertion removes from each queue beyond what it needs.
constexpr int most_swept = 4;

bool expired(const node& n, time_point now) noexcept {
  return n.held->serve_until <= now;
}

std::size_t buckets_for(std::size_t capacity, std::size_t slots_each) {
  return std::bit_floor(std::max<std::size_t>(capacity / bytes_per_slot / slots_each, 1));
}

} // namespace

node::node(entry_ptr e)
    : held(std::move(e)), bytes(static_cast<std::uint32_t>(
                              std::min<std::size_t>(held->bytes() + malloc_footprint(sizeof(node)), too_large))),
      scopes(held->id.parts()) {}

s3_fifo::s3_fifo(std::size_t capacity)
    : capacity_(capacity), buckets_(buckets_for(capacity, 1)),
      index_(index::bucket_traits(buckets_.data(), buckets_.size())), accounts_(buckets_for(capacity, slots_per_chain)),
      rooms_(accounts_.size()), ghosts_(capacity / bytes_per_slot * 2 * sizeof(std::uint32_t)),
      fixed_(capacity == 0
                 ? 0
                 : std::min(capacity, buckets_.size() * sizeof(bucket) + accounts_.size() * sizeof(accounts_[0]) +
                                          rooms_.size() * sizeof(rooms_[0]) + ghosts_.bytes())),
      room_(capacity - fixed_) {}

s3_fifo::~s3_fifo() {
  leavings left;
  for (queue* q : {&small_, &main_})
    while (!q->nodes.empty())
      remove(q->nodes.back(), left);
}

node* s3_fifo::find(const identity& id) noexcept {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &*found;
}

void s3_fifo::add(node& n) noexcept {
  // The paper's ghost queue has as many places as the main queue holds entries. Counting all entries lets it work
  // while the main queue is still filling; once it has, they are nearly the same.
  link(n, ghosts_.recall(n.held->id.hash(), entries_));
}

void s3_fifo::exchange(node& old, node& n, leavings& left) noexcept {
  assert(old.held->id == n.held->id);
  const bool in_main = old.in_main;
  n.uses = old.uses;
  remove(old, left);
  link(n, in_main);
}

void s3_fifo::remove(node& n, leavings& left) noexcept {
  index_.erase(index_.iterator_to(n));
  auto& account = accounts_of(n.scopes);
  account.erase(account.iterator_to(n));
  auto& room = rooms_of(n.scopes);
  room.erase(room.iterator_to(n));
  unlink(n);
  --entries_;
  left.take(n);
}

void s3_fifo::sweep(time_point now, departures& left) noexcept {
  for (queue* q : {&small_, &main_})
    for (int i = 0; i < most_swept && !q->nodes.empty(); ++i) {
      ++left.looked_at;
      if (!expired(q->nodes.back(), now))
        break;
      remove(q->nodes.back(), left.nodes);
      ++left.expired;
    }
}

void s3_fifo::link(node& n, bool in_main) noexcept {
  n.in_main = in_main;
  queue& q = queue_of(n);
  q.nodes.push_front(n);
  q.bytes += n.bytes;
  [[maybe_unused]] const bool is_new = index_.insert(n).second;
  assert(is_new && bytes() <= capacity_);
  accounts_of(n.scopes).push_back(n);
  rooms_of(n.scopes).push_back(n);
  ++entries_;
}

void s3_fifo::unlink(node& n) noexcept {
  queue& q = queue_of(n);
  q.nodes.erase(q.nodes.iterator_to(n));
  q.bytes -= n.bytes;
}

void s3_fifo::to_front(node& n) noexcept {
  queue& q = queue_of(n);
  q.nodes.splice(q.nodes.begin(), q.nodes, q.nodes.iterator_to(n));
}

bool s3_fifo::second_chance(node& n) noexcept {
  if (n.in_main) {
    if (n.uses == 0)
      return false;
    --n.uses;
    to_front(n);
    return true;
  }
  if (n.uses < uses_to_promote)
    return false;
  n.uses = 0;
  unlink(n);
  n.in_main = true;
  main_.nodes.push_front(n);
  main_.bytes += n.bytes;
  return true;
}

bool s3_fifo::make_room(std::size_t bytes, node* old, time_point now, departures& left) noexcept {
  assert(fits(bytes));
  const auto most_held = room_ - bytes + (old == nullptr ? 0 : old->bytes);
  const auto small_share = room_ / 10;
  int chances = most_second_chances;
  for (int looks = most_looked_at; small_.bytes + main_.bytes > most_held; --looks) {
    if (looks == 0)
      return false;
    queue& q = small_.bytes > small_share || main_.nodes.empty() ? small_ : main_;
    node& oldest = q.nodes.back();
    ++left.looked_at;
    if (&oldest == old) {
      to_front(oldest);
      continue;
    }
    if (expired(oldest, now)) {
      remove(oldest, left.nodes);
      ++left.expired;
      continue;
    }
    if (chances > 0 && second_chance(oldest)) {
      --chances;
      continue;
    }
    if (!oldest.in_main)
      ghosts_.remember(oldest.held->id.hash());
    remove(oldest, left.nodes);
    ++left.evicted;
  }
  return true;
}

} // namespace rollcall::cache
