// The two stores: what they hold, whether it still holds, and who may ask the upstream for more.
#include "rollcall/gateway/source.hpp"

#include "rollcall/cache/lease_patience.hpp"
#include "rollcall/gateway/replies.hpp"

#include <algorithm>
#include <random>

namespace rollcall::gateway {

using cache::decision;

namespace {

// News of a lease comes by itself. While it does not, or in case it is lost, we look again after about so long.
constexpr std::chrono::milliseconds poll_pause{100};

outcome_ptr shared(outcome o) {
  return std::make_shared<const outcome>(std::move(o));
}

} // namespace

decision source::decide(const cache::entry_ptr& e, const question& q) const {
  cache::circumstances c{.now = cache::wall_now()};
  if (const auto failure = e ? lane_.shared.lists.failures.find(q.id, c.now) : std::nullopt)
    c.failed_at = failure->asked_at;
  return cache::decide(e.get(), q.settings->windows, q.wants, c);
}

outcome_ptr source::hit(cache::entry_ptr e, origin from) {
  (from == origin::redis ? lane_.stats.hits_redis : lane_.stats.hits_memory).add();
  return shared(stored{.entry = std::move(e), .from = from});
}

net::task<source::found> source::obtain(const question& q, redis_budget& budget) {
  // Between the look into memory and the start of this flight, an earlier one may have landed.
  const auto asked = lane_.shared.lists.memory.stamp();
  auto [held, suspect] = lane_.shared.lists.memory.find(q.id, cache::wall_now());
  auto from = origin::memory;
  if (suspect) {
    const auto known = held;
    held = co_await verify(q, known, asked, budget);
    if (held != known)
      from = origin::redis;
  }
  if (const auto d = decide(held, q); d != decision::ask) {
    found f{hit(held, from), std::nullopt};
    if (d == decision::serve_and_refresh)
      f.due.emplace(held);
    co_return f;
  }
  auto looked = co_await look_in_redis(q, std::move(held), budget);
  if (looked.settled)
    co_return std::move(*looked.settled);
  co_return found{co_await ask_upstream(q, std::move(looked.stale), std::move(looked.lease), upstream::urgency::client),
                  std::nullopt};
}

// A suspect that memory holds, or what Redis holds instead; while Redis is out of reach it will do.
net::task<cache::entry_ptr> source::verify(const question& q, cache::entry_ptr suspect, cache::memory::stamp_type asked,
                                           redis_budget& budget) {
  if (!suspect || !lane_.redis_usable() || budget.spent())
    co_return suspect;
  auto& memory = lane_.shared.lists.memory;
  const redis_budget::expense once(budget);
  auto there = co_await lane_.store->verify(q.id, suspect->version, cache::wall_now(), once.deadline());
  switch (there.outcome) {
  case redis::verification::same:
    memory.confirm(q.id, suspect->version, asked);
    break;
  case redis::verification::different:
    memory.erase(q.id, suspect->version);
    co_return take_in(q, there.entry, nullptr, asked);
  case redis::verification::unavailable:
    break;
  }
  co_return suspect;
}

// Reads and claims until there is something to serve, the lease is ours, or Redis is no help.
net::task<source::lookup> source::look_in_redis(const question& q, cache::entry_ptr stale, redis_budget& budget) {
  auto& waits = lane_.shared.lists.waits;
  std::optional<lease_waits::seat> seat;
  const auto wait_until = net::steady_clock::now() + q.settings->upstream_timeout;
  cache::lease_patience patience;
  while (lane_.redis_usable() && !budget.spent()) {
    const auto asked = lane_.shared.lists.memory.stamp();
    const auto heard = waits.stamp();
    const auto terms = terms_now(q, {.fetched_since = cache::oldest_wanted(q.wants, cache::wall_now())});
    redis::claim c;
    {
      const redis_budget::expense once(budget);
      c = co_await lane_.store->get_or_claim(q.id, terms, once.deadline());
    }
    stale = take_in(q, c.entry, std::move(stale), asked);
    if (c.outcome == redis::claim_outcome::good)
      co_return settled(std::move(c.entry), decision::serve, {});
    if (c.outcome == redis::claim_outcome::unavailable)
      break;
    held_lease lease;
    if (c.outcome == redis::claim_outcome::leased)
      lease = co_await take_up(q, std::move(*c.lease), budget);
    if (const auto d = decide(stale, q); d != decision::ask) // when the lease is held, somebody else renews it
      co_return settled(std::move(stale), c.lease ? d : decision::serve, std::move(lease));
    if (c.lease)
      co_return lookup{std::nullopt, std::move(stale), std::move(lease)};
    if (!patience.waits_for(c.holder))
      co_return lookup{std::nullopt, std::move(stale), {}};

    const auto left = std::chrono::ceil<std::chrono::milliseconds>(wait_until - net::steady_clock::now());
    if (left.count() <= 0) {
      auto none = instead(q, stale, {.detail = "lease"}, "another gateway's call took too long", 504);
      co_return lookup{found{shared(std::move(none)), std::nullopt}, nullptr, {}};
    }
    lane_.stats.lease_waits.add();
    const auto jitter = std::chrono::milliseconds(lane_.random() % 50);
    const auto pause = lane_.shared.lists.tracked ? c.held_for + jitter : poll_pause / 2 + jitter;
    if (!seat)
      seat.emplace(waits.enroll(q.id, lane_.ex, heard));
    co_await seat->wait(std::min(left, pause));
  }
  // Redis may have given away what it holds and refused the lease: it is full, or a replica.
  if (const auto d = decide(stale, q); d != decision::ask)
    co_return settled(std::move(stale), d, {});
  co_return lookup{std::nullopt, std::move(stale), {}};
}

// What Redis holds from before this was purged here, whatever Redis may have forgotten of it: a master that was
// promoted may lack the latest purges, and have taken a value back.
cache::time_point source::purged_at(const cache::identity& id) const {
  return std::max(lane_.shared.purges.floor(), lane_.shared.lists.purges.latest(id));
}

redis::claim_terms source::terms_now(const question& q, redis::claim_terms special) const {
  special.now = cache::wall_now();
  special.fresh = q.settings->windows.fresh;
  special.fetched_since = std::max(special.fetched_since, purged_at(q.id));
  return special;
}

// An entry that Redis holds, to be served.
source::lookup source::settled(cache::entry_ptr e, decision d, held_lease lease) {
  found f{hit(e, origin::redis), std::nullopt};
  if (d == decision::serve_and_refresh)
    f.due.emplace(std::move(e), std::move(lease));
  return {std::move(f), nullptr, {}};
}

// A lease is of use only once purges can find what will be stored with it.
net::task<held_lease> source::take_up(const question& q, redis::lease l, redis_budget& budget) {
  held_lease ours(lease_keeper::start(lane_, std::move(l)));
  const auto now = cache::wall_now();
  const auto life = cache::lifetime_of(q.settings->windows, now, 0);
  // It will be stored by the end of the upstream's time, and live as long as any.
  const auto until = life.serve_until + q.settings->upstream_timeout;
  const redis_budget::expense once(budget);
  if (!co_await lane_.store->enlist(ours.lease().id, now, until, once.deadline()))
    co_return held_lease();
  co_return std::move(ours);
}

// Memory keeps what Redis holds, and the younger one of the two is what we go on with.
cache::entry_ptr source::take_in(const question& q, const cache::entry_ptr& from_redis, cache::entry_ptr held,
                                 cache::memory::stamp_type asked) {
  if (!from_redis || from_redis->fetched_at < purged_at(q.id))
    return held;
  const auto now = cache::wall_now();
  if (cache::judge(*from_redis, q.settings->windows, now) != cache::verdict::expired)
    lane_.shared.lists.memory.insert(from_redis, now, asked);
  return held && held->fetched_at >= from_redis->fetched_at ? held : from_redis;
}

net::task<outcome_ptr> source::renew(const question& q, renewal r, redis_budget& budget) {
  const auto now = cache::wall_now();
  if (auto there = lane_.shared.lists.memory.find(q.id, now);
      there.entry && !there.suspect && there.entry->version != r.known->version &&
      cache::judge(*there.entry, q.settings->windows, now) == cache::verdict::fresh) // it has been done meanwhile
    co_return shared(stored{.entry = std::move(there.entry), .from = origin::memory});
  lane_.stats.refreshes.add();
  auto held = r.known;
  if (!r.lease && lane_.redis_usable() && !budget.spent()) {
    const auto asked = lane_.shared.lists.memory.stamp();
    const auto terms = terms_now(q, {.other_than = r.known->version});
    redis::claim c;
    {
      const redis_budget::expense once(budget);
      c = co_await lane_.store->get_or_claim(q.id, terms, once.deadline());
    }
    held = take_in(q, c.entry, std::move(held), asked);
    if (c.outcome == redis::claim_outcome::good)
      co_return shared(stored{.entry = c.entry, .from = origin::redis});
    if (c.outcome == redis::claim_outcome::held) {
      leave_alone(q, c.held_for);
      co_return nullptr;
    }
    if (c.outcome == redis::claim_outcome::leased)
      co_return co_await ask_upstream(q, std::move(held), co_await take_up(q, std::move(*c.lease), budget),
                                      upstream::urgency::refresh);
  }
  co_return co_await ask_upstream(q, std::move(held), std::move(r.lease), upstream::urgency::refresh);
}

// Somebody else renews it; until there is news of that, or its lease is over, asking Redis again is for nothing.
void source::leave_alone(const question& q, std::chrono::milliseconds held_for) {
  auto& failures = lane_.shared.lists.failures;
  const auto now = cache::wall_now();
  // It says nothing to a request that wants something newer than there is.
  failures.remember(q.id, {nullptr, cache::time_point::min()}, now, now + std::max(held_for, poll_pause), 0,
                    failures.stamp());
}

net::task<outcome_ptr> source::look_up(const question& q) {
  redis_budget budget(q.settings->redis_timeout);
  const auto looked = lane_.shared.lists.memory.stamp();
  auto [held, suspect] = lane_.shared.lists.memory.find(q.id, cache::wall_now());
  if (suspect)
    held = co_await verify(q, std::move(held), looked, budget);
  if (decide(held, q) != decision::ask)
    co_return hit(std::move(held), origin::memory);
  if (lane_.redis_usable() && !budget.spent()) {
    const auto asked = lane_.shared.lists.memory.stamp();
    const redis_budget::expense once(budget);
    const auto there = co_await lane_.store->get(q.id, cache::wall_now(), once.deadline());
    held = take_in(q, there.entry, std::move(held), asked);
    if (decide(held, q) != decision::ask)
      co_return hit(std::move(held), origin::redis);
  }
  co_return nullptr;
}

net::task<outcome_ptr> source::find_stored(const question& q) {
  if (auto there = co_await look_up(q))
    co_return there;
  lane_.stats.only_if_cached.add();
  co_return shared(failed{
      504, "nothing stored satisfies only-if-cached", {.reason = forward_reason::none, .detail = "only-if-cached"}});
}

} // namespace rollcall::gateway
