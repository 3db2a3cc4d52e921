#include "rollcall/cache/freshness.hpp"
#include "rollcall/redis/store.hpp"
#include "rollcall/redis/value.hpp"

#include "keys.hpp"
#include "scripts.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
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

std::string store::token() {
  constexpr std::size_t digits = 16;
  std::string text(2 * digits, '0');
  for (std::size_t i = 0; i < text.size(); i += digits) {
    std::array<char, digits> hex;
    auto* const end = std::to_chars(hex.data(), hex.data() + digits, random_(), 16).ptr;
    std::ranges::copy_backward(hex.data(), end, text.begin() + static_cast<std::ptrdiff_t>(i + digits));
  }
  return text;
}

/// A script cannot see all that makes a value unfit. What looked good to it and is not, is ruled out by its version and
/// claimed once more; whatever comes back the second time, there is no third.
///
/// All in one coroutine, learn() included, and what it sends is put together elsewhere: a further coroutine costs each
/// hit hundreds of instructions, and so does one whose frame exceeds the 1,020 bytes that Asio keeps for the next.
net::task<claim> store::get_or_claim(cache::identity id, claim_terms terms, net::steady_clock::time_point deadline) {
  const lease wanted{std::move(id), token()};
  std::string unfit;
  for (bool again = false;; again = true) {
    auto r = co_await call_claim(wanted, terms, unfit, &store::call_by_name, deadline);
    if (forgotten(r)) {
      r = co_await call_claim(wanted, terms, unfit, &store::call_by_text, deadline);
    }
    if (!r && r.error() == command_error::timed_out) {
      take_back(wanted);
    }
    auto value = lookup::unavailable;
    auto c = read_claim(r, wanted, terms.now, value);
    if (c.outcome == claim_outcome::good && !c.entry) {
      if (!again) {
        unfit = version_in((*r)[0].text());
        continue;
      }
      c.outcome = claim_outcome::unavailable;
    }
    if (r && are_apart(*r)) {
      c.entry = co_await read_apart(wanted.id, terms.now, deadline);
    }
    count(c, value);
    co_return c;
  }
}

/// A frozen Redis carries out what it was sent when it thaws, and would then hold a lease of nobody.
void store::take_back(const lease& l) {
  const auto key = keys_->lease(l.id);
  call_after(release_script(), {key, l.token});
}

/// While a slot moves there is no lease to be had for what is in it.
net::task<cache::entry_ptr> store::read_apart(const cache::identity& id, cache::time_point now,
                                              deadline_type deadline) {
  const auto key = keys_->value(id);
  co_return judge(co_await link_.run_for(key, {"GET", key}, deadline), id, now).entry;
}

/// `unfit`: a version that will not do, besides that of the terms.
net::task<command_result> store::call_claim(const lease& wanted, const claim_terms& terms, std::string_view unfit,
                                            caller how, deadline_type deadline) {
  const auto value_key = keys_->value(wanted.id);
  const auto lease_key = keys_->lease(wanted.id);
  const auto life = milliseconds_of(lease_life);
  const auto now = milliseconds_of(terms.now);
  const auto fresh = milliseconds_of(terms.fresh);
  const auto since = milliseconds_of(std::max(terms.fetched_since, cache::time_point())); // nothing is older
  const auto latest = milliseconds_of(terms.now + cache::clock_tolerance);
  const auto other_than = terms.other_than == 0 ? std::string() : version_bytes(terms.other_than);
  return (this->*how)(
      claim_script(),
      {value_key, lease_key, wanted.token, life, value_beginning, now, fresh, since, latest, other_than, unfit},
      deadline);
}

/// `value` becomes what the claim found.
claim store::read_claim(const command_result& r, const lease& wanted, cache::time_point now, lookup& value) {
  claim c;
  if (r && !is_claim(*r)) {
    complain("cannot claim", *r);
  }
  if (!r || !is_claim(*r)) {
    return c;
  }
  auto f = judge((*r)[0], wanted.id, now);
  value = f.outcome;
  c.entry = std::move(f.entry);
  const auto word = (*r)[1].text();
  if (word == "good") {
    c.outcome = claim_outcome::good;
  } else if (word == "leased") {
    c.outcome = claim_outcome::leased;
    c.lease = wanted;
  } else if (word == "held" && r->size() > 2) {
    c.outcome = claim_outcome::held;
    // Somebody else's key, with a life of its own, must not make anybody wait longer than ours do.
    c.held_for = std::clamp(std::chrono::milliseconds((*r)[2].integer()), std::chrono::milliseconds(0), lease_life);
    if (r->size() > 3 && !(*r)[3].text().empty())
      c.holder = cache::identity_hash((*r)[3].text());
  } else if (r->size() > 2) {
    const auto text = (*r)[2].text();
    complain("cannot write", reply(reply::kind::error, std::string(text)));
    link_.met(keys_->lease(wanted.id), trouble_of(text));
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
  const auto key = keys_->lease(l.id);
  const auto life = milliseconds_of(lease_life);
  co_return read_lease_outcome(co_await call(renew_script(), {key, l.token, life}, deadline));
}

net::task<lease_outcome> store::release(lease l, net::steady_clock::time_point deadline) {
  const auto key = keys_->lease(l.id);
  co_return read_lease_outcome(co_await call(release_script(), {key, l.token}, deadline));
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
      spdlog::warn("redis {}: the entry of {} is not stored: {}", link_.name(), e->id.text(), why);
    }
    stats_.store_failures.add();
    co_return lease_outcome::unavailable;
  }
  const auto value_key = keys_->value(l.id);
  const auto lease_key = keys_->lease(l.id);
  const auto left = milliseconds_of(life);
  const auto outcome =
      read_lease_outcome(co_await call(put_script(), {value_key, lease_key, l.token, *value, left}, deadline));
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
