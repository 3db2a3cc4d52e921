#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/freshness.hpp"

#include "simulated_time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

namespace rollcall::simulation {

/// How long things take between a gateway and Redis: each evenly between the two.
struct distance {
  microseconds least{0};
  microseconds most{0};
};

/// A Redis that the fleet shares, as the scripts of src/redis/scripts.cpp treat it: one value and one lease for each
/// identity, and news of every change for everybody, the author included.
class shared_redis {
public:
  using token = std::uint64_t; ///< 0: nobody's
  static constexpr microseconds lease_life{2'000'000};

  /// What is good enough for who claims.
  struct terms {
    cache::time_point now;
    cache::milliseconds fresh{0};
    std::uint64_t other_than = 0;
  };
  enum class outcome { good = 1, leased, held };
  struct claim {
    outcome as = outcome::held;
    cache::entry_ptr entry;
    token lease = 0;
    microseconds held_for{0};
    token holder = 0;
  };
  /// What tracking tells: values before leases.
  using observer = std::function<void(const cache::identity&, bool value, bool lease)>;

  shared_redis(timeline& t, distance command, distance news) : timeline_(t), command_(command), news_(news) {}
  shared_redis(const shared_redis&) = delete;

  void track(observer told) { readers_.push_back({std::move(told)}); }

  task<claim> get_or_claim(const cache::identity& id, terms wanted) {
    co_await timeline_.sleep(pause(command_));
    auto c = claim_now(id, wanted);
    co_await timeline_.sleep(pause(command_));
    co_return c;
  }
  /// Whether it holds that version.
  task<bool> verify(const cache::identity& id, std::uint64_t version) {
    co_await timeline_.sleep(pause(command_));
    auto& s = slot_of(id);
    const bool same = s.value && s.value->version == version;
    co_await timeline_.sleep(pause(command_));
    co_return same;
  }
  /// False, with nothing changed, when the lease is not `mine` any more.
  task<bool> put(const cache::identity& id, token mine, cache::entry_ptr e) {
    co_await timeline_.sleep(pause(command_));
    auto& s = slot_of(id);
    const bool ours = s.lease == mine;
    if (ours) {
      const microseconds life = e->serve_until - timeline_.wall();
      s.value = std::move(e);
      s.value_until = timeline_.now() + life;
      timeline_.at(s.value_until, [this, id] { slot_of(id); });
      s.lease = 0;
      tell(id, true, true);
    }
    co_await timeline_.sleep(pause(command_));
    co_return ours;
  }
  task<bool> renew(const cache::identity& id, token mine) {
    co_await timeline_.sleep(pause(command_));
    const bool ours = slot_of(id).lease == mine;
    if (ours)
      let_last(id);
    co_await timeline_.sleep(pause(command_));
    co_return ours;
  }
  task<bool> release(const cache::identity& id, token mine) {
    co_await timeline_.sleep(pause(command_));
    auto& s = slot_of(id);
    const bool ours = s.lease == mine;
    if (ours) {
      s.lease = 0;
      tell(id, false, true);
    }
    co_await timeline_.sleep(pause(command_));
    co_return ours;
  }
  /// Into the index sets, which tell nobody anything: a round trip.
  task<> enlist() { co_await timeline_.sleep(pause(command_) + pause(command_)); }

  /// Leases that somebody holds.
  [[nodiscard]] std::size_t leases() const {
    return static_cast<std::size_t>(std::ranges::count_if(slots_, [](const auto& s) { return s.second.lease != 0; }));
  }

private:
  struct slot {
    cache::entry_ptr value;
    microseconds value_until{0};
    token lease = 0;
    microseconds lease_until{0};
  };

  struct reader {
    observer told;
    microseconds last{0};
  };

  static bool is_good(const cache::entry& e, const terms& wanted) {
    const auto at = std::max(wanted.now, e.fetched_at);
    return at < e.fresh_until && at < e.fetched_at + wanted.fresh &&
           e.fetched_at <= wanted.now + cache::clock_tolerance && e.version != wanted.other_than;
  }

  claim claim_now(const cache::identity& id, const terms& wanted) {
    auto& s = slot_of(id);
    if (s.value && is_good(*s.value, wanted))
      return {outcome::good, s.value, 0, {}, 0};
    if (s.lease != 0)
      return {outcome::held, s.value, 0, s.lease_until - timeline_.now(), s.lease};
    s.lease = ++tokens_;
    let_last(id);
    return {outcome::leased, s.value, s.lease, {}, 0};
  }

  void let_last(const cache::identity& id) {
    auto& s = slots_[std::string(id.text())];
    s.lease_until = timeline_.now() + lease_life;
    timeline_.at(s.lease_until, [this, id] { slot_of(id); });
    tell(id, false, true);
  }

  /// What is there now: whatever has expired is gone, and that is told as well.
  slot& slot_of(const cache::identity& id) {
    auto& s = slots_[std::string(id.text())];
    const bool value_gone = s.value && s.value_until <= timeline_.now();
    const bool lease_gone = s.lease != 0 && s.lease_until <= timeline_.now();
    if (value_gone)
      s.value = nullptr;
    if (lease_gone)
      s.lease = 0;
    if (value_gone || lease_gone)
      tell(id, value_gone, lease_gone);
    return s;
  }

  /// News may take longer than the reply to the command that made it, or not, but overtakes no other news.
  void tell(const cache::identity& id, bool value, bool lease) {
    for (auto& r : readers_) {
      r.last = std::max(r.last, timeline_.now() + pause(news_));
      timeline_.at(r.last, [&r, id, value, lease] { r.told(id, value, lease); });
    }
  }

  microseconds pause(distance d) {
    return microseconds(std::uniform_int_distribution<microseconds::rep>(d.least.count(), d.most.count())(random_));
  }

  timeline& timeline_;
  const distance command_;
  const distance news_;
  std::mt19937_64 random_{5};
  std::unordered_map<std::string, slot> slots_;
  std::deque<reader> readers_;
  token tokens_ = 0;
};

} // namespace rollcall::simulation
