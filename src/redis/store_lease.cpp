#include "rollcall/cache/freshness.hpp"
#include "rollcall/redis/store.hpp"
#include "rollcall/redis/value.hpp"

#include "keys.hpp"
#include "scripts.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace rollcall::redis {
namespace {

std::string milliseconds_of(cache::time_point t) {
  return std::to_string(t.time_since_epoch().count());
}
std::string milliseconds_of(cache::milliseconds d) {
  return std::to_string(d.count());
}

/// What a claim's reply is: the value, a word, and what that word is about.
bool is_claim(const reply& r) {
  return r.is(reply::kind::array) && r.size() >= 2 && (r[0].is(reply::kind::nil) || r[0].is(reply::kind::text)) &&
         r[1].is(reply::kind::text);
}

std::string_view version_in(std::string_view value) {
  return value.size() < version_offset ? "" : value.substr(version_offset, version_size);
}

} // namespace

std::string_view to_string(claim_outcome c) {
  switch (c) {
  case claim_outcome::good:
    return "good";
  case claim_outcome::leased:
    return "leased";
  case claim_outcome::held:
    return "held";
  case claim_outcome::unavailable:
    return "unavailable";
  }
  assert(false);
  return "";
}

std::string_view to_string(lease_outcome l) {
  switch (l) {
  case lease_outcome::done:
    return "done";
  case lease_outcome::lost:
    return "lost";
  case lease_outcome::unavailable:
    return "unavailable";
  }
  assert(false);
  return "";
}

/// A script cannot see all that makes a value unfit. What looked good to it and is not, is ruled out by its version and
/// claimed once more; whatever comes back the second time, there is no third.
net::task<claim> store::get_or_claim(cache::identity id, claim_terms terms, net::steady_clock::time_point deadline) {
  const lease wanted{std::move(id), fmt::format("{:016x}{:016x}", random(), random())};
  auto value = lookup::unavailable;
  auto r = co_await call_claim(wanted, terms, "", deadline);
  auto c = read_claim(r, wanted, terms.now, value);
  if (c.outcome == claim_outcome::good && !c.entry) {
    r = co_await call_claim(wanted, terms, version_in((*r)[0].text()), deadline);
    c = read_claim(r, wanted, terms.now, value);
    if (c.outcome == claim_outcome::good && !c.entry) {
      c.outcome = claim_outcome::unavailable;
    }
  }
  count(c, value);
  co_return c;
}

/// `unfit`: a version that will not do, besides that of the terms.
net::task<command_result> store::call_claim(const lease& l, const claim_terms& terms, std::string_view unfit,
                                            deadline_type deadline) {
  return call(claim_script(),
              {keys_->value(l.id), keys_->lease(l.id), l.token, milliseconds_of(lease_life),
               std::string(value_beginning), milliseconds_of(terms.now), milliseconds_of(terms.fresh),
               milliseconds_of(terms.fetched_since), milliseconds_of(terms.now + cache::clock_tolerance),
               terms.other_than == 0 ? "" : version_bytes(terms.other_than), std::string(unfit)},
              deadline);
}

/// `value` becomes what the claim found.
claim store::read_claim(const command_result& r, lease l, cache::time_point now, lookup& value) {
  claim c;
  if (r && !is_claim(*r)) {
    complain("cannot claim", *r);
  }
  if (!r || !is_claim(*r)) {
    return c;
  }
  auto f = judge((*r)[0], l.id, now);
  value = f.outcome;
  c.entry = std::move(f.entry);
  const auto word = (*r)[1].text();
  if (word == "good") {
    c.outcome = claim_outcome::good;
  } else if (word == "leased") {
    c.outcome = claim_outcome::leased;
    c.lease = std::move(l);
  } else if (word == "held" && r->size() > 2) {
    c.outcome = claim_outcome::held;
    // Somebody else's key, with a life of its own, must not make anybody wait longer than ours do.
    c.held_for = std::clamp(std::chrono::milliseconds((*r)[2].integer()), std::chrono::milliseconds(0), lease_life);
    if (r->size() > 3 && !(*r)[3].text().empty())
      c.holder = cache::identity_hash((*r)[3].text());
  } else if (r->size() > 2) {
    complain("cannot write", reply(reply::kind::error, std::string((*r)[2].text())));
  }
  return c;
}

void store::count(const claim& c, lookup value) {
  switch (c.outcome) {
  case claim_outcome::good:
    stats_.hits.add();
    return;
  case claim_outcome::unavailable:
    stats_.unavailable.add();
    return;
  case claim_outcome::leased:
    stats_.leases.add();
    break;
  case claim_outcome::held:
    stats_.leases_held.add();
    break;
  }
  (value == lookup::unfit ? stats_.unfit : stats_.misses).add();
}

net::task<lease_outcome> store::renew(lease l, net::steady_clock::time_point deadline) {
  co_return read_lease_outcome(
      co_await call(renew_script(), {keys_->lease(l.id), l.token, milliseconds_of(lease_life)}, deadline));
}

net::task<lease_outcome> store::release(lease l, net::steady_clock::time_point deadline) {
  co_return read_lease_outcome(co_await call(release_script(), {keys_->lease(l.id), l.token}, deadline));
}

net::task<lease_outcome> store::put(lease l, cache::entry_ptr e, cache::time_point now,
                                    net::steady_clock::time_point deadline) {
  const auto life = e->serve_until - now;
  if (life <= cache::milliseconds(0)) {
    co_return lease_outcome::unavailable;
  }
  auto value = encode(*e);
  if (!value) {
    const auto why = to_string(value.error());
    if (complaints_.is_news(fmt::format("not stored: {}", why), net::steady_clock::now())) {
      spdlog::warn("redis {}: the entry of {} is not stored: {}", link_.server().to_string(), e->id.text(), why);
    }
    stats_.store_failures.add();
    co_return lease_outcome::unavailable;
  }
  const auto outcome = read_lease_outcome(co_await call(
      put_script(), {keys_->value(l.id), keys_->lease(l.id), l.token, std::move(*value), milliseconds_of(life)},
      deadline));
  switch (outcome) {
  case lease_outcome::done:
    stats_.stores.add();
    break;
  case lease_outcome::lost:
    stats_.stores_lost.add();
    break;
  case lease_outcome::unavailable:
    stats_.store_failures.add();
    break;
  }
  co_return outcome;
}

lease_outcome store::read_lease_outcome(const command_result& r) {
  if (confirmed(r)) {
    return lease_outcome::done;
  }
  return r && r->is(reply::kind::integer) && r->integer() == 0 ? lease_outcome::lost : lease_outcome::unavailable;
}

} // namespace rollcall::redis
