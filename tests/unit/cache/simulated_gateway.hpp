#pragma once

#include "rollcall/cache/flights.hpp"
#include "rollcall/cache/freshness.hpp"
#include "rollcall/cache/lease_patience.hpp"
#include "rollcall/cache/memory.hpp"
#include "rollcall/cache/remembered.hpp"

#include "one_call_ledger.hpp"
#include "simulated_redis.hpp"
#include "simulated_time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

namespace rollcall::simulation {

/// What all gateways of a fleet have in common.
struct fleet_rules {
  cache::windows windows;
  /// How long a failure is remembered.
  cache::milliseconds failure{3'000};
  microseconds upstream_timeout{10'000'000};
  std::size_t memory = std::size_t{64} << 20;
};

/// One gateway: the decisions of the cache, taken by the real code in the order in which src/gateway takes them
/// (members.cpp, waiting.cpp, source.cpp, asking.cpp, lease_keeper.cpp, lease_waits.cpp, commons.cpp; most
/// functions have the names that they have there), but with Redis, the instance and time simulated. What is done there
/// without coroutines, or a seat that is taken only by who has to wait, is simulated as if it were not.
class gateway {
public:
  /// `redis` may be null. All outlive the gateway, which is `number` of its fleet.
  gateway(timeline& t, shared_redis* redis, ledger& book, const fleet_rules& rules, std::size_t number)
      : timeline_(t), redis_(redis), book_(book), rules_(rules), number_(number), memory_(rules.memory),
        random_(number) {
    if (redis_)
      redis_->track([this](const cache::identity& id, bool value, bool lease) {
        if (value)
          value_changed(id);
        if (lease)
          wake(id);
      });
  }
  gateway(const gateway&) = delete;

  void serve(const subject& who) {
    const auto now = timeline_.wall();
    auto held = memory_.find(who.id, now);
    cache::circumstances c{.now = now, .unverified = held.suspect && redis_};
    const bool fresh = held.entry && cache::judge(*held.entry, rules_.windows, now) == cache::verdict::fresh;
    auto failure = fresh ? std::nullopt : failures_.find(who.id, now);
    if (fresh)
      c.random = std::uniform_real_distribution<>(0, 1)(random_);
    else if (failure)
      c.failed_at = failure->asked_at;
    auto what = cache::decide(held.entry.get(), rules_.windows, {}, c);
    if (fresh && what != cache::decision::serve) {
      failure = failures_.find(who.id, now);
      if (failure)
        c.failed_at = failure->asked_at;
      what = cache::decide(held.entry.get(), rules_.windows, {}, c);
    }
    if (what == cache::decision::ask)
      return timeline_.spawn(answer_later(who));
    book_.answered(held.entry.get(), timeline_.now(), timeline_.now());
    if (what == cache::decision::serve_and_refresh)
      if (auto lead = flights_.lead(who.id))
        timeline_.spawn(fly(who, std::move(*lead), renewal{std::move(held.entry), {}}));
  }

  [[nodiscard]] std::size_t in_the_air() const { return flights_.in_the_air(); }

private:
  /// Null: it failed.
  struct outcome {
    cache::entry_ptr entry;
  };
  using outcome_ptr = std::shared_ptr<const outcome>;
  using flights = cache::flights<outcome>;

  static outcome_ptr shared(cache::entry_ptr e) { return std::make_shared<const outcome>(std::move(e)); }

  /// A lease that is renewed until it is used up; dropped before, it is given back.
  class held_lease {
  public:
    held_lease() = default;
    held_lease(gateway& of, const subject& who, shared_redis::token t)
        : of_(&of), keeper_(std::make_shared<keeper>(who, t)) {
      of.timeline_.spawn(of.renew_lease(keeper_));
    }
    held_lease(held_lease&& other) noexcept : of_(other.of_), keeper_(std::move(other.keeper_)) {}
    held_lease& operator=(held_lease&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(keeper_, other.keeper_);
      return *this;
    }
    ~held_lease() {
      if (const auto k = forget())
        of_->timeline_.spawn(of_->release(k));
    }
    explicit operator bool() const noexcept { return keeper_ != nullptr; }
    [[nodiscard]] shared_redis::token token() const noexcept { return keeper_->token; }

    struct keeper {
      const subject& who;
      shared_redis::token token;
      bool stopped = false;
    };
    std::shared_ptr<keeper> forget() {
      if (keeper_)
        keeper_->stopped = true;
      return std::exchange(keeper_, nullptr);
    }

  private:
    gateway* of_ = nullptr;
    std::shared_ptr<keeper> keeper_;
  };

  struct renewal {
    cache::entry_ptr known;
    held_lease lease;
  };
  struct found {
    outcome_ptr result;
    std::optional<renewal> due;
  };
  struct lookup {
    std::optional<found> settled;
    cache::entry_ptr stale;
    held_lease lease;
  };

  /// Who waits for another gateway's fetch.
  struct waiter {
    explicit waiter(timeline& t) : pause(t) {}
    alarm pause;
    bool woken = false;
  };
  class seat {
  public:
    seat(gateway& of, const subject& who)
        : of_(of), at_(of.seats_.emplace(who.id.text(), std::make_shared<waiter>(of.timeline_))) {}
    seat(seat&&) = delete;
    ~seat() { of_.seats_.erase(at_); }
    task<> wait(microseconds most) {
      const auto w = at_->second;
      if (!w->woken)
        co_await w->pause.wait(most);
      w->woken = false;
    }

  private:
    gateway& of_;
    std::unordered_multimap<std::string, std::shared_ptr<waiter>>::iterator at_;
  };

  // waiting.cpp. That an asker loses patience is not simulated, nor that too many wait.

  task<> answer_later(const subject& who) {
    struct wait {
      alarm over;
      flights::result result;
    };
    const auto asked = timeline_.now();
    const auto w = std::make_shared<wait>(alarm(timeline_));
    auto boarded = flights_.join(who.id, [this, w](flights::result r) {
      timeline_.after(microseconds(0), [w, r = std::move(r)]() mutable {
        w->result = std::move(r);
        w->over.ring();
      });
    });
    if (boarded.as == flights::role::leads)
      timeline_.spawn(fly(who, std::move(boarded.lead), std::nullopt));
    co_await w->over.wait(patience);
    if (w->result)
      book_.answered(w->result->entry.get(), asked, timeline_.now());
  }

  task<> fly(const subject& who, flights::permit lead, std::optional<renewal> due) {
    while (true) {
      found f;
      if (due)
        f.result = co_await renew(who, std::move(*due));
      else
        f = co_await obtain(who);
      const auto content = [](const outcome&, const cache::wish&) { return true; };
      const auto left = lead.land_for(f.result, content, f.due.has_value());
      if (!left)
        co_return;
      due.reset();
      if (f.due && !left->severed)
        due.emplace(std::move(*f.due));
    }
  }

  // source.cpp

  [[nodiscard]] cache::decision decide(const cache::entry_ptr& e, const subject& who) const {
    cache::circumstances c{.now = timeline_.wall()};
    if (const auto failure = e ? failures_.find(who.id, c.now) : std::nullopt)
      c.failed_at = failure->asked_at;
    return cache::decide(e.get(), rules_.windows, {}, c);
  }

  task<found> obtain(const subject& who) {
    auto held = co_await look_in_memory(who);
    if (const auto d = decide(held, who); d != cache::decision::ask) {
      found f{shared(held), std::nullopt};
      if (d == cache::decision::serve_and_refresh)
        f.due.emplace(held);
      co_return f;
    }
    auto looked = co_await look_in_redis(who, std::move(held));
    if (looked.settled)
      co_return std::move(*looked.settled);
    co_return found{co_await ask_upstream(who, std::move(looked.stale), std::move(looked.lease)), std::nullopt};
  }

  task<cache::entry_ptr> look_in_memory(const subject& who) {
    const auto asked = memory_.stamp();
    auto held = memory_.find(who.id, timeline_.wall());
    if (!held.entry || !held.suspect || !redis_)
      co_return std::move(held.entry);
    if (co_await redis_->verify(who.id, held.entry->version)) {
      memory_.confirm(who.id, held.entry->version, asked);
      co_return std::move(held.entry);
    }
    memory_.erase(who.id, held.entry->version);
    co_return nullptr;
  }

  task<lookup> look_in_redis(const subject& who, cache::entry_ptr stale) {
    seat place(*this, who);
    const auto wait_until = timeline_.now() + rules_.upstream_timeout;
    cache::lease_patience holders;
    while (redis_) {
      const auto asked = memory_.stamp();
      const auto c = co_await redis_->get_or_claim(who.id, {.now = timeline_.wall(), .fresh = rules_.windows.fresh});
      stale = take_in(c.entry, std::move(stale), asked);
      if (c.as == shared_redis::outcome::good)
        co_return settled(c.entry, cache::decision::serve, {});
      held_lease lease;
      if (c.as == shared_redis::outcome::leased)
        lease = co_await take_up(who, c.lease);
      if (const auto d = decide(stale, who); d != cache::decision::ask)
        co_return settled(std::move(stale), lease ? d : cache::decision::serve, std::move(lease));
      if (lease)
        co_return lookup{std::nullopt, std::move(stale), std::move(lease)};
      if (!holders.waits_for(c.holder))
        co_return lookup{std::nullopt, std::move(stale), {}};

      const auto left = wait_until - timeline_.now();
      if (left.count() <= 0)
        co_return lookup{found{instead(stale), std::nullopt}, nullptr, {}};
      const auto jitter = cache::milliseconds(random_() % 50);
      co_await place.wait(std::min<microseconds>(left, c.held_for + jitter));
    }
    co_return lookup{std::nullopt, std::move(stale), {}};
  }

  static lookup settled(cache::entry_ptr e, cache::decision d, held_lease lease) {
    found f{shared(e), std::nullopt};
    if (d == cache::decision::serve_and_refresh)
      f.due.emplace(std::move(e), std::move(lease));
    return {std::move(f), nullptr, {}};
  }

  task<held_lease> take_up(const subject& who, shared_redis::token t) {
    held_lease ours(*this, who, t);
    co_await redis_->enlist();
    co_return std::move(ours);
  }

  cache::entry_ptr take_in(const cache::entry_ptr& from_redis, cache::entry_ptr held, cache::memory::stamp_type asked) {
    if (!from_redis)
      return held;
    const auto now = timeline_.wall();
    if (cache::judge(*from_redis, rules_.windows, now) != cache::verdict::expired)
      memory_.insert(from_redis, now, asked);
    return held && held->fetched_at >= from_redis->fetched_at ? held : from_redis;
  }

  task<outcome_ptr> renew(const subject& who, renewal r) {
    const auto now = timeline_.wall();
    auto held = memory_.find(who.id, now).entry;
    if (held && held->version != r.known->version && cache::judge(*held, rules_.windows, now) == cache::verdict::fresh)
      co_return shared(std::move(held));
    held = r.known;
    if (!r.lease && redis_) {
      const auto asked = memory_.stamp();
      const auto c = co_await redis_->get_or_claim(
          who.id, {.now = now, .fresh = rules_.windows.fresh, .other_than = r.known->version});
      held = take_in(c.entry, std::move(held), asked);
      if (c.as == shared_redis::outcome::good)
        co_return shared(c.entry);
      if (c.as == shared_redis::outcome::held) {
        leave_alone(who, c.held_for);
        co_return nullptr;
      }
      co_return co_await ask_upstream(who, std::move(held), co_await take_up(who, c.lease));
    }
    co_return co_await ask_upstream(who, std::move(held), std::move(r.lease));
  }

  void leave_alone(const subject& who, microseconds held_for) {
    const auto now = timeline_.wall();
    const auto until = now + std::max(std::chrono::ceil<cache::milliseconds>(held_for), poll_pause);
    failures_.remember(who.id, {nullptr, now}, now, until, 0, failures_.stamp());
  }

  // asking.cpp. The instance either answers with a list or with an HTTP error.

  task<outcome_ptr> ask_upstream(const subject& who, cache::entry_ptr stale, held_lease lease) {
    const auto at = timeline_.wall();
    const auto stamp = memory_.stamp();
    const auto failure_stamp = failures_.stamp();
    const auto call = book_.call_begins(who, number_, at);
    co_await timeline_.sleep(call.takes);
    if (call.succeeds) {
      auto kept = keep(who, at, stamp, call, std::move(lease));
      failures_.forget(who.id);
      co_return kept;
    }
    const auto now = timeline_.wall();
    book_.call_fails(who, number_, stale.get(), now);
    if (stale)
      failures_.remember(who.id, {nullptr, at}, now, now + rules_.failure, 0, failure_stamp);
    co_return instead(stale);
  }

  outcome_ptr instead(const cache::entry_ptr& stale) const {
    const bool good = stale && cache::judge(*stale, rules_.windows, timeline_.wall()) != cache::verdict::expired;
    return shared(good ? stale : nullptr);
  }

  outcome_ptr keep(const subject& who, cache::time_point at, cache::memory::stamp_type stamp, const ledger::call& call,
                   held_lease lease) {
    const auto life = cache::lifetime_of(rules_.windows, at, call.spread);
    auto e = std::make_shared<cache::entry>();
    e->id = who.id;
    e->version = random_();
    e->fetched_at = at;
    e->fresh_until = life.fresh_until;
    e->serve_until = life.serve_until;
    e->took = std::chrono::ceil<cache::milliseconds>(call.takes);
    memory_.insert(e, timeline_.wall(), stamp);
    book_.call_brings(who, *e);
    timeline_.spawn(keep_in_redis(who, e, std::move(lease)));
    return shared(std::move(e));
  }

  task<> keep_in_redis(const subject& who, cache::entry_ptr e, held_lease lease) {
    if (!lease || !redis_)
      co_return;
    if (!co_await redis_->put(who.id, lease.token(), std::move(e)))
      memory_.suspect(who.id);
    lease.forget();
  }

  // lease_keeper.cpp

  task<> renew_lease(std::shared_ptr<held_lease::keeper> k) {
    while (!k->stopped) {
      co_await timeline_.sleep(shared_redis::lease_life / 3);
      if (k->stopped || !co_await redis_->renew(k->who.id, k->token))
        co_return;
    }
  }
  task<> release(std::shared_ptr<held_lease::keeper> k) { co_await redis_->release(k->who.id, k->token); }

  // commons.cpp and lease_waits.cpp

  void value_changed(const cache::identity& id) {
    memory_.suspect(id);
    failures_.forget(id);
    flights_.sever(id);
    wake(id);
  }

  void wake(const cache::identity& id) {
    auto [at, end] = seats_.equal_range(std::string(id.text()));
    for (; at != end; ++at)
      timeline_.after(microseconds(0), [w = at->second] {
        w->woken = true;
        w->pause.ring();
      });
  }

  static constexpr microseconds patience{15'000'000};
  static constexpr cache::milliseconds poll_pause{100};

  timeline& timeline_;
  shared_redis* redis_;
  ledger& book_;
  const fleet_rules& rules_;
  const std::size_t number_;
  cache::memory memory_;
  flights flights_;
  cache::remembered<outcome> failures_;
  std::unordered_multimap<std::string, std::shared_ptr<waiter>> seats_;
  std::mt19937_64 random_;
};

} // namespace rollcall::simulation
