#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rollcall::cache {

/// What asking for an identity came to when it brought nothing to keep, remembered for a short while, in memory only:
/// so that the next burst on it is answered at once, and so that renewing a stale answer pauses between two failures.
///
/// Any thread. Bounded: beyond the limits the oldest are forgotten first.
template <class Result>
class remembered {
public:
  using result = std::shared_ptr<const Result>;
  using stamp_type = std::uint64_t;

  struct note {
    /// Null: it failed, which says nothing to a bot.
    result what;
    time_point asked_at;
  };

  struct limits {
    std::size_t notes = 16'384;
    std::size_t bytes = std::size_t{16} << 20;
    std::size_t bytes_of_one = std::size_t{64} << 10;
  };

  explicit remembered(limits most = {}) : limits_(most) {}
  remembered(const remembered&) = delete;
  remembered& operator=(const remembered&) = delete;

  /// Now, as purges count it: taken before asking, and handed in with what that came to.
  [[nodiscard]] stamp_type stamp() const {
    const std::lock_guard lock(purges_mutex_);
    return purges_;
  }

  /// Keeps `n` until then, in place of what there was. `bytes` is what the result holds. Does nothing when it is too
  /// large, or when a purge since `asked` covers it: but a note without a result holds nothing that could be purged.
  void remember(const identity& id, note n, time_point now, time_point until, std::size_t bytes, stamp_type asked) {
    if (bytes > limits_.bytes_of_one)
      return;
    bytes += overhead + 3 * id.text().size();
    shard& s = shard_of(id);
    record old; // freed outside the lock
    const std::lock_guard lock(s.mutex);
    if (n.what && purged_since(asked, id))
      return;
    drop_expired(s, now);
    const auto serial = ++s.serial;
    s.order.emplace_back(serial, std::string(id.text()));
    auto& at = s.notes[std::string(id.text())];
    s.bytes -= at.bytes;
    s.bytes += bytes;
    old = std::exchange(at, record{id, std::move(n), until, bytes, serial});
    make_room(s);
  }

  /// What is remembered at `now`.
  [[nodiscard]] std::optional<note> find(const identity& id, time_point now) const {
    const shard& s = shard_of(id);
    const std::lock_guard lock(s.mutex);
    const auto at = s.notes.find(id.text());
    if (at == s.notes.end() || at->second.until <= now)
      return std::nullopt;
    return at->second.what;
  }

  void forget(const identity& id) {
    shard& s = shard_of(id);
    const std::lock_guard lock(s.mutex);
    if (const auto at = s.notes.find(id.text()); at != s.notes.end()) {
      s.bytes -= at->second.bytes;
      s.notes.erase(at);
    }
  }

  /// Forgets what `of` covers; what was asked for before is not remembered any more.
  void purge(const scope& of) {
    note_purge(of);
    for (shard& s : shards_) {
      const std::lock_guard lock(s.mutex);
      for (auto at = s.notes.begin(); at != s.notes.end();) {
        if (!of.covers(at->second.id)) {
          ++at;
          continue;
        }
        s.bytes -= at->second.bytes;
        at = s.notes.erase(at);
      }
    }
  }

  /// Gauges.
  [[nodiscard]] std::size_t size() const {
    return sum([](const shard& s) { return s.notes.size(); });
  }
  [[nodiscard]] std::size_t bytes() const {
    return sum([](const shard& s) { return s.bytes; });
  }

private:
  /// A record, its place in the order, and what the tables take for them, roughly.
  static constexpr std::size_t overhead = 256;
  static constexpr std::size_t shard_count = 16;

  struct record {
    identity id;
    note what;
    time_point until;
    std::size_t bytes = 0;
    std::uint64_t serial = 0;
  };
  struct alignas(64) shard {
    mutable std::mutex mutex; // guards all of it
    std::unordered_map<std::string, record, identity_text_hash, std::equal_to<>> notes;
    /// Oldest first; a place whose serial is not its record's any more is an old one.
    std::deque<std::pair<std::uint64_t, std::string>> order;
    std::size_t bytes = 0;
    std::uint64_t serial = 0;
  };

  shard& shard_of(const identity& id) noexcept { return shards_[id.hash() % shard_count]; }
  const shard& shard_of(const identity& id) const noexcept { return shards_[id.hash() % shard_count]; }

  void note_purge(const scope& of) {
    const std::lock_guard lock(purges_mutex_);
    latest_.emplace_back(++purges_, of);
    if (latest_.size() > latest_most) {
      floor_ = latest_.front().first;
      latest_.pop_front();
    }
  }
  /// Also when it may have been: of purges before the latest it is not known what they covered.
  bool purged_since(stamp_type asked, const identity& id) const {
    const std::lock_guard lock(purges_mutex_);
    return asked < floor_ ||
           std::ranges::any_of(
               latest_, [&](const auto& purge) { return purge.first > asked && purge.second.covers(id); });
  }

  // Old places count as much as notes do, so that remembering the same identity for ever stays bounded too.
  void make_room(shard& s) {
    while (!s.order.empty() && (s.order.size() > limits_.notes / shard_count || s.bytes > limits_.bytes / shard_count))
      drop_oldest(s);
  }
  // They are all remembered for about as long, so those that have expired are the oldest.
  void drop_expired(shard& s, time_point now) {
    while (!s.order.empty()) {
      const auto& [serial, text] = s.order.front();
      if (const auto at = s.notes.find(text);
          at != s.notes.end() && at->second.serial == serial && at->second.until > now)
        return;
      drop_oldest(s);
    }
  }
  void drop_oldest(shard& s) {
    const auto& [serial, text] = s.order.front();
    if (const auto at = s.notes.find(text); at != s.notes.end() && at->second.serial == serial) {
      s.bytes -= at->second.bytes;
      s.notes.erase(at);
    }
    s.order.pop_front();
  }

  template <class Read>
  std::size_t sum(Read read) const {
    std::size_t all = 0;
    for (const shard& s : shards_) {
      const std::lock_guard lock(s.mutex);
      all += read(s);
    }
    return all;
  }

  const limits limits_;
  std::array<shard, shard_count> shards_;

  /// Guards what follows; taken after a shard's, if at all.
  mutable std::mutex purges_mutex_;
  static constexpr std::size_t latest_most = 256;
  std::deque<std::pair<stamp_type, scope>> latest_;
  stamp_type purges_ = 1;
  stamp_type floor_ = 0;
};

} // namespace rollcall::cache
