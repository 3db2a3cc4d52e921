#pragma once

#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"

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
};

/// Which identities are being fetched right now, and who waits for them: the first to ask for one leads, the rest
/// follow, on every thread. `Result` is what a fetch ends with; it is shared by all who waited.
///
/// Every function may be called on any thread. Wakes are called outside the locks, on the thread that lands the flight
/// (or drops its permit), so a wake does no more than post to its own executor.
template <class Result>
class flights {
  struct flight;

public:
  using result = std::shared_ptr<const Result>;
  /// Called exactly once with the result, or with null when the flight ended without one: whoever still wants an answer
  /// joins again, and the first to do so leads. Must not throw.
  using wake = std::function<void(result)>;

  /// Names one follower, so that it can leave.
  struct ticket {
    std::shared_ptr<flight> in;
    std::uint64_t follower = 0;
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

    /// Ends the flight as land() does and starts the next one of the same identity in its place, with nobody on board;
    /// nullopt when this one was severed, as what it knows may be out of date.
    std::optional<permit> land_and_lead(result r) {
      const auto next = std::make_shared<flight>(flight_->id); // should it throw, this is a permit still
      auto* const table = std::exchange(table_, nullptr);
      if (!table->land(*std::exchange(flight_, nullptr), std::move(r), next))
        return std::nullopt;
      return permit(*table, next);
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
    /// Only for who leads. Leaders are followers of their own flight: their wake is called too.
    permit lead;
  };

  explicit flights(flight_limits limits = {}) : limits_(limits) {}
  flights(const flights&) = delete;
  flights& operator=(const flights&) = delete;

  boarding join(const identity& id, wake w) {
    const auto fresh = std::make_shared<flight>(id); // before the lock; whatever throws, throws before a change
    shard& s = shard_of(id);
    const std::lock_guard lock(s.mutex);
    const auto found = s.in_the_air.find(id.text());
    const bool leads = found == s.in_the_air.end();
    const auto& f = leads ? fresh : found->second;
    if (f->followers.size() >= limits_.followers_of_one ||
        waiting_.load(std::memory_order_relaxed) >= limits_.followers_of_all)
      return {};
    const auto follower = f->next++;
    f->followers.emplace(follower, std::move(w));
    ticket seat{f, follower};
    if (leads)
      s.in_the_air.emplace(std::string(id.text()), fresh);
    waiting_.fetch_add(1, std::memory_order_relaxed);
    return {leads ? role::leads : role::follows, std::move(seat), leads ? permit(*this, fresh) : permit()};
  }

  /// Starts a flight that nobody waits for yet; nullopt when one is in the air already.
  std::optional<permit> lead(const identity& id) {
    shard& s = shard_of(id);
    {
      const std::lock_guard lock(s.mutex);
      if (s.in_the_air.contains(id.text()))
        return std::nullopt;
    }
    const auto fresh = std::make_shared<flight>(id);
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
    dropped = std::move(who->second);
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
  /// Held by the table while it may be joined, by its permit until it lands, and by tickets.
  struct flight {
    explicit flight(identity whose) : id(std::move(whose)) {}
    const identity id;
    // Guarded by the shard's mutex, severed or not.
    std::uint64_t next = 0;
    std::map<std::uint64_t, wake> followers; // in the order in which they came
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

  /// Lands `f`. True when `next`, if there is one, has taken its place: it was not severed.
  bool land(flight& f, result r, const std::shared_ptr<flight>& next = nullptr) {
    std::map<std::uint64_t, wake> followers;
    landed gone;
    bool in_place = false;
    {
      shard& s = shard_of(f.id);
      const std::lock_guard lock(s.mutex);
      followers.swap(f.followers);
      const auto at = s.in_the_air.find(f.id.text());
      in_place = at != s.in_the_air.end() && at->second.get() == &f;
      if (in_place && next)
        at->second = next; // the permit still holds the old one
      else if (in_place)
        gone.push_back(s.in_the_air.extract(at));
    }
    waiting_.fetch_sub(followers.size(), std::memory_order_relaxed);
    for (auto& [follower, w] : followers)
      w(r);
    return in_place;
  }

  const flight_limits limits_;
  std::array<shard, shard_count> shards_;
  std::atomic<std::size_t> waiting_{0};
};

} // namespace rollcall::cache
