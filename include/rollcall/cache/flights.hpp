#pragma once

#include "rollcall/cache/identity.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
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
public:
  using result = std::shared_ptr<const Result>;
  /// Called exactly once with the result, or with null when the flight ended without one: whoever still wants an answer
  /// joins again, and the first to do so leads. Must not throw.
  using wake = std::function<void(result)>;

  /// Names one follower, so that it can leave.
  struct ticket {
    std::uint64_t flight = 0;
    std::uint64_t follower = 0;
  };

  /// The leader's right to land a flight, and its duty: dropped, it wakes the followers empty-handed.
  class permit {
  public:
    permit() = default;
    permit(permit&& other) noexcept
        : table_(std::exchange(other.table_, nullptr)), id_(std::move(other.id_)), flight_(other.flight_) {}
    permit& operator=(permit&&) = delete;
    ~permit() { land(nullptr); }

    /// Ends the flight and wakes everybody. Whoever asks from now on starts a new one.
    void land(result r) {
      if (auto* const table = std::exchange(table_, nullptr))
        table->land(id_, std::move(r));
    }

  private:
    friend class flights;
    permit(flights& table, identity id, std::uint64_t flight) : table_(&table), id_(std::move(id)), flight_(flight) {}

    flights* table_ = nullptr;
    identity id_;
    std::uint64_t flight_ = 0;
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
    shard& s = shard_of(id);
    identity copy = id; // for the permit; whatever throws, throws before anything has changed
    const std::lock_guard lock(s.mutex);
    const auto [at, is_new] = s.in_the_air.try_emplace(std::string(id.text()));
    auto& f = at->second;
    if (f.followers.size() >= limits_.followers_of_one ||
        waiting_.load(std::memory_order_relaxed) >= limits_.followers_of_all) {
      if (is_new)
        s.in_the_air.erase(at);
      return {};
    }
    if (is_new)
      f.number = next_.fetch_add(1, std::memory_order_relaxed);
    const auto follower = next_.fetch_add(1, std::memory_order_relaxed);
    try {
      f.followers.emplace(follower, std::move(w));
    } catch (...) {
      if (is_new)
        s.in_the_air.erase(at);
      throw;
    }
    waiting_.fetch_add(1, std::memory_order_relaxed);
    return {is_new ? role::leads : role::follows,
            {f.number, follower},
            is_new ? permit(*this, std::move(copy), f.number) : permit()};
  }

  /// Takes a follower out, whose wake is then never called. False when it is too late for that: the wake has been, or
  /// is being, called.
  bool leave(const identity& id, ticket t) {
    shard& s = shard_of(id);
    wake dropped; // freed outside the lock
    const std::lock_guard lock(s.mutex);
    const auto at = s.in_the_air.find(id.text());
    if (at == s.in_the_air.end() || at->second.number != t.flight)
      return false;
    const auto who = at->second.followers.find(t.follower);
    if (who == at->second.followers.end())
      return false;
    dropped = std::move(who->second);
    at->second.followers.erase(who);
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  /// Gauges.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

private:
  struct flight {
    std::uint64_t number = 0;
    std::map<std::uint64_t, wake> followers; // in the order in which they came
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return identity_hash(text); }
  };
  struct alignas(64) shard {
    std::mutex mutex; // guards in_the_air; never held while a wake is called
    std::unordered_map<std::string, flight, text_hash, std::equal_to<>> in_the_air;
  };
  static constexpr std::size_t shard_count = 64;

  shard& shard_of(const identity& id) noexcept { return shards_[id.hash() % shard_count]; }

  void land(const identity& id, result r) {
    shard& s = shard_of(id);
    typename decltype(s.in_the_air)::node_type landed;
    {
      const std::lock_guard lock(s.mutex);
      landed = s.in_the_air.extract(std::string(id.text()));
    }
    if (!landed)
      return;
    waiting_.fetch_sub(landed.mapped().followers.size(), std::memory_order_relaxed);
    for (auto& [follower, w] : landed.mapped().followers)
      w(r);
  }

  const flight_limits limits_;
  std::array<shard, shard_count> shards_;
  std::atomic<std::uint64_t> next_{1};
  std::atomic<std::size_t> waiting_{0};
};

} // namespace rollcall::cache
