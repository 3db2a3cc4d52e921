#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rollcall::cache {

/// How much the followers of flights may take.
struct flight_limits {
  std::size_t followers_of_one = 20'000;
  std::size_t followers_of_all = 100'000;
  /// Goes that nobody's wish was fulfilled by, before he gets what there is: see flights::permit::land_for().
  std::size_t goes = 3;
};

/// What a follower wants of a flight that others began before he came.
struct wish {
  /// Nothing that was fetched before.
  time_point since = time_point::min();
  /// Whether it may be stored.
  bool storable = true;
};

/// Which identities are being fetched right now, and who waits for them: the first to ask for one leads, the rest
/// follow, on every thread. `Result` is what a fetch ends with; it is shared by all who waited. A flight whose result
/// is not what some of them want goes on for these: it has another go.
///
/// Every function may be called on any thread. Wakes are called outside the locks, on the thread that lands the flight
/// (or drops its permit), so a wake does no more than post to its own executor.
template <class Result>
class flights {
  struct flight;

public:
  using result = std::shared_ptr<const Result>;
  /// Called exactly once with the result, or with null when the flight ended without one. Must not throw.
  using wake = std::function<void(result)>;

  /// Names one follower, so that it can leave.
  struct ticket {
    std::shared_ptr<flight> in;
    std::uint64_t follower = 0;
  };

  /// For whom a flight goes on.
  struct rest {
    /// What all of them want.
    cache::wish wish;
    /// How many goes the one who has been on board for longest has had; 0 when there is nobody on board.
    std::size_t goes = 0;
    /// The goes before this one saw things from before a purge.
    bool severed = false;
  };

  /// The leader's right to land a flight, and its duty: dropped, it wakes the followers empty-handed.
  class permit {
  public:
    permit() = default;
    permit(permit&& other) noexcept : table_(std::exchange(other.table_, nullptr)), flight_(std::move(other.flight_)) {}
    permit& operator=(permit&&) = delete;
    ~permit() { land(nullptr); }

    /// Ends the flight and wakes everybody. Whoever asks from now on starts a new one.
    void land(result r) {
      if (auto* const table = std::exchange(table_, nullptr))
        table->land(*std::exchange(flight_, nullptr), std::move(r));
    }

    /// Wakes those who get what they want, or have been on board for the most goes that there may be; the flight goes
    /// on for the rest, and for nobody if there is something to `renew`, unless it was severed: what it knows may be
    /// out of date. With the next go it can be joined again. Nullopt: it has ended. `fulfils(const result&, const
    /// wish&)` is called under a lock and must not throw; a null result fulfils no wish.
    template <class Fulfils>
    std::optional<rest> land_for(const result& r, Fulfils fulfils, bool renew) {
      auto left = table_->land_for(flight_, r, fulfils, renew);
      if (!left) {
        table_ = nullptr;
        flight_ = nullptr;
      }
      return left;
    }

  private:
    friend class flights;
    permit(flights& table, std::shared_ptr<flight> f) noexcept : table_(&table), flight_(std::move(f)) {}

    flights* table_ = nullptr;
    std::shared_ptr<flight> flight_;
  };

  enum class role {
    leads = 1, ///< nobody was fetching it: the caller must, with the permit
    follows,
    refused, ///< the limits are reached
  };

  struct boarding {
    role as = role::refused;
    ticket seat;
    /// Of who follows: what the flight is at is a renewal, which was not begun on anybody's behalf.
    bool renewal = false;
    /// Only for who leads. Leaders are followers of their own flight: their wake is called too.
    permit lead;
  };

  explicit flights(flight_limits limits = {}) : limits_(limits) {}
  flights(const flights&) = delete;
  flights& operator=(const flights&) = delete;

  boarding join(const identity& id, wake w, const wish& wanted = {}) {
    const auto fresh = std::make_shared<flight>(id); // before the lock; whatever throws, throws before a change
    shard& s = shard_of(id);
    const std::lock_guard lock(s.mutex);
    const auto found = s.in_the_air.find(id.text());
    const bool leads = found == s.in_the_air.end();
    const auto& f = leads ? fresh : found->second;
    if (f->followers.size() >= limits_.followers_of_one ||
        waiting_.load(std::memory_order_relaxed) >= limits_.followers_of_all)
      return {};
    const auto number = f->next++;
    f->followers.emplace(number, follower{std::move(w), wanted, f->go});
    ticket seat{f, number};
    if (leads)
      s.in_the_air.emplace(std::string(id.text()), fresh);
    waiting_.fetch_add(1, std::memory_order_relaxed);
    return {.as = leads ? role::leads : role::follows,
            .seat = std::move(seat),
            .renewal = f->renews,
            .lead = leads ? permit(*this, fresh) : permit()};
  }

  /// Starts a flight that nobody waits for yet, a renewal; nullopt when one is in the air already.
  std::optional<permit> lead(const identity& id) {
    shard& s = shard_of(id);
    {
      const std::lock_guard lock(s.mutex);
      if (s.in_the_air.contains(id.text()))
        return std::nullopt;
    }
    const auto fresh = std::make_shared<flight>(id);
    fresh->renews = true;
    const std::lock_guard lock(s.mutex);
    if (!s.in_the_air.try_emplace(std::string(id.text()), fresh).second)
      return std::nullopt;
    return permit(*this, fresh);
  }

  /// Takes a follower out, whose wake is then never called. False when it is too late for that: the wake has been, or
  /// is being, called.
  bool leave(const ticket& t) {
    wake dropped; // freed outside the lock
    const std::lock_guard lock(shard_of(t.in->id).mutex);
    const auto who = t.in->followers.find(t.follower);
    if (who == t.in->followers.end())
      return false;
    dropped = std::move(who->second.woken_by);
    t.in->followers.erase(who);
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  /// What is in the air of that identity may have been asked for too early: nobody joins it any more. Those on board
  /// get what it brings, and whoever asks from now on starts a new flight.
  void sever(const identity& id) {
    landed gone;
    shard& s = shard_of(id);
    const std::lock_guard lock(s.mutex);
    if (const auto at = s.in_the_air.find(id.text()); at != s.in_the_air.end())
      gone.push_back(s.in_the_air.extract(at));
  }
  /// The same for all that `of` covers.
  void sever(const scope& of) {
    sever_if([&of](const identity& id) { return of.covers(id); });
  }
  void sever_all() {
    sever_if([](const identity&) { return true; });
  }

  /// Gauges: who waits, and flights that may be joined.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t in_the_air() const {
    std::size_t all = 0;
    for (const shard& s : shards_) {
      const std::lock_guard lock(s.mutex);
      all += s.in_the_air.size();
    }
    return all;
  }

private:
  struct follower {
    wake woken_by;
    wish wanted;
    std::size_t boarded = 0; // during which go
  };
  using followers = std::map<std::uint64_t, follower>; // in the order in which they came
  /// Held by the table while it may be joined, by its permit until it lands, and by tickets.
  struct flight {
    explicit flight(identity whose) : id(std::move(whose)) {}
    const identity id;
    // Guarded by the shard's mutex, severed or not.
    std::size_t go = 0;
    bool renews = false; // with this go
    std::uint64_t next = 0;
    cache::flights<Result>::followers followers;
  };
  using table = std::unordered_map<std::string, std::shared_ptr<flight>, identity_text_hash, std::equal_to<>>;
  using landed = std::vector<typename table::node_type>;
  struct alignas(64) shard {
    mutable std::mutex mutex; // guards in_the_air and the flights of its identities; never held while a wake is called
    table in_the_air;
  };
  static constexpr std::size_t shard_count = 64;

  shard& shard_of(const identity& id) noexcept { return shards_[id.hash() % shard_count]; }

  template <class Condition>
  void sever_if(Condition covers) {
    for (shard& s : shards_) {
      landed gone; // freed outside the lock
      const std::lock_guard lock(s.mutex);
      for (auto at = s.in_the_air.begin(); at != s.in_the_air.end();)
        if (const auto here = at++; covers(here->second->id))
          gone.push_back(s.in_the_air.extract(here));
    }
  }

  void land(flight& f, const result& r) {
    followers all;
    landed gone;
    {
      shard& s = shard_of(f.id);
      const std::lock_guard lock(s.mutex);
      all.swap(f.followers);
      if (const auto at = s.in_the_air.find(f.id.text()); at != s.in_the_air.end() && at->second.get() == &f)
        gone.push_back(s.in_the_air.extract(at));
    }
    wake_all(all, r);
  }

  template <class Fulfils>
  std::optional<rest> land_for(const std::shared_ptr<flight>& f, const result& r, Fulfils fulfils, bool renew) {
    followers content;
    std::optional<rest> left;
    landed gone;
    {
      shard& s = shard_of(f->id);
      const std::lock_guard lock(s.mutex);
      const auto at = s.in_the_air.find(f->id.text());
      const bool severed = at == s.in_the_air.end() || at->second != f;
      const auto stays = [&](const follower& who) {
        return f->go - who.boarded + 1 < limits_.goes && !(r && fulfils(*r, who.wanted));
      };
      const bool renews = renew && !severed;
      if (renews || std::ranges::any_of(f->followers, [&](const auto& who) { return stays(who.second); })) {
        if (at == s.in_the_air.end())
          s.in_the_air.emplace(std::string(f->id.text()), f); // should it throw, nothing has changed
        left.emplace(rest{.wish = {.storable = false}, .goes = 0, .severed = severed});
      } else if (!severed) {
        gone.push_back(s.in_the_air.extract(at));
      }
      for (auto next = f->followers.begin(); next != f->followers.end();) {
        const auto here = next++;
        if (const auto& who = here->second; left && stays(who)) {
          left->wish.since = std::max(left->wish.since, who.wanted.since);
          left->wish.storable |= who.wanted.storable;
          left->goes = std::max(left->goes, f->go - who.boarded + 1);
        } else {
          content.insert(f->followers.extract(here));
        }
      }
      // A renewal is everybody's, whoever else is on board.
      if (left && (renews || left->goes == 0))
        left->wish.storable = true;
      f->renews = renews;
      ++f->go;
    }
    wake_all(content, r);
    return left;
  }

  void wake_all(followers& who, const result& r) {
    waiting_.fetch_sub(who.size(), std::memory_order_relaxed);
    for (auto& [number, one] : who)
      one.woken_by(r);
  }

  const flight_limits limits_;
  std::array<shard, shard_count> shards_;
  std::atomic<std::size_t> waiting_{0};
};

} // namespace rollcall::cache
