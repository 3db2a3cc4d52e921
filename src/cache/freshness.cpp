#include "rollcall/cache/freshness.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace rollcall::cache {
namespace {

/// Saturates: entries come from Redis as well, where anybody may have written any point in time.
time_point after(time_point from, milliseconds by) {
  milliseconds::rep sum = 0;
  if (__builtin_add_overflow(from.time_since_epoch().count(), by.count(), &sum))
    return by.count() < 0 ? time_point::min() : time_point::max();
  return time_point(milliseconds(sum));
}

/// No window is negative, nor so long that the arithmetic on it could lose a millisecond.
milliseconds sane(milliseconds window) {
  return std::clamp<milliseconds>(window, milliseconds(0), std::chrono::years(100));
}

milliseconds shortened(milliseconds fresh, double jitter, double random) {
  const double share = std::clamp(jitter, 0.0, 1.0) * std::clamp(random, 0.0, 1.0);
  return fresh - milliseconds(static_cast<milliseconds::rep>(static_cast<double>(fresh.count()) * share));
}

} // namespace

lifetime lifetime_of(const windows& w, time_point fetched_at, double random) {
  const auto fresh_until = after(fetched_at, shortened(sane(w.fresh), w.jitter, random));
  const auto stale = std::max(sane(w.stale_while_revalidate), sane(w.stale_if_error));
  return {.fresh_until = fresh_until, .serve_until = after(fresh_until, stale)};
}

verdict judge(const entry& e, const windows& w, time_point now) {
  if (after(now, clock_tolerance) < e.fetched_at)
    return verdict::expired;
  const auto at = std::max(now, e.fetched_at);
  const auto fresh_until = std::min(e.fresh_until, after(e.fetched_at, sane(w.fresh)));
  if (at >= e.serve_until)
    return verdict::expired;
  if (at < fresh_until)
    return verdict::fresh;
  if (at < after(fresh_until, sane(w.stale_while_revalidate)))
    return verdict::stale_revalidate;
  if (at < after(fresh_until, sane(w.stale_if_error)))
    return verdict::stale_if_error;
  return verdict::expired;
}

bool refresh_early(const entry& e, const windows& w, time_point now, double random) {
  if (w.early_refresh <= 0 || e.took <= milliseconds(0))
    return false;
  const auto fresh_until = std::min(e.fresh_until, after(e.fetched_at, sane(w.fresh)));
  const auto left = static_cast<double>((fresh_until - now).count());
  const auto reach = static_cast<double>(std::min(sane(e.took), sane(w.fresh)).count()) * w.early_refresh;
  // ln(2^53): no random number reaches further, and most requests need no logarithm to know it.
  if (left > reach * 36.8 || now < e.fetched_at + (fresh_until - e.fetched_at) / 2)
    return false;
  return reach * -std::log(std::max(1 - random, 0x1p-53)) >= left;
}

time_point oldest_wanted(const directives& d, time_point now) {
  return d.max_age ? after(now, -std::max(sane(*d.max_age), renewal_pause)) : time_point::min();
}

decision decide(const entry* held, const windows& w, const directives& d, const circumstances& c) {
  if (held == nullptr)
    return decision::ask;
  const auto v = judge(*held, w, c.now);
  if (v == verdict::expired || c.unverified)
    return decision::ask;
  const auto oldest = oldest_wanted(d, c.now);
  if (c.failed_at && *c.failed_at >= oldest) // it has just been tried, for this request as much as for any
    return decision::serve;
  if (held->fetched_at < oldest)
    return decision::ask;
  if (v == verdict::fresh)
    return refresh_early(*held, w, c.now, c.random) ? decision::serve_and_refresh : decision::serve;
  if (d.max_age)
    return decision::ask;
  return v == verdict::stale_revalidate ? decision::serve_and_refresh : decision::ask;
}

std::string_view to_string(decision d) {
  switch (d) {
  case decision::serve:
    return "serve";
  case decision::serve_and_refresh:
    return "serve_and_refresh";
  case decision::ask:
    return "ask";
  }
  return "unknown";
}

std::string_view to_string(verdict v) {
  switch (v) {
  case verdict::fresh:
    return "fresh";
  case verdict::stale_revalidate:
    return "stale_revalidate";
  case verdict::stale_if_error:
    return "stale_if_error";
  case verdict::expired:
    return "expired";
  }
  return "unknown";
}

} // namespace rollcall::cache
