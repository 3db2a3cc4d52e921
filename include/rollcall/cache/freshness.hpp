#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"

#include <string_view>

namespace rollcall::cache {

/// The freshness windows of the configuration. The two stale windows both start when freshness ends (RFC 5861).
struct windows {
  milliseconds fresh{60'000};
  milliseconds stale_while_revalidate{300'000};
  milliseconds stale_if_error{3'600'000};
  /// Share of `fresh` by which one entry's window may be shorter than another's: 0.1 is up to 10 %.
  double jitter = 0.1;
};

/// When an answer fetched at `fetched_at` stops being fresh, and being served at all.
struct lifetime {
  time_point fresh_until;
  time_point serve_until;
};

/// serve_until = fresh_until + the longer of the two stale windows. `random` is uniform in [0, 1): it spreads the ends
/// of entries that were filled together by ending `fresh` earlier, never later.
lifetime lifetime_of(const windows& w, time_point fetched_at, double random);

/// What may be done with an entry at a moment.
enum class verdict {
  fresh,            ///< serve it
  stale_revalidate, ///< serve it at once, and refresh it
  stale_if_error,   ///< serve it only if the upstream fails
  expired,          ///< never serve it
};

/// Clocks of gateways that run NTP agree much better than this.
inline constexpr milliseconds clock_tolerance{5'000};

/// The entry's own limits and `w`, counted from fetched_at, both hold: another gateway with longer windows, or a value
/// gone bad, cannot make this one serve older data than it was told to. At fresh_until an entry is no longer fresh; at
/// serve_until it is expired.
///
/// An entry from the future (this clock went back, or the one that wrote it runs ahead) counts as just fetched within
/// clock_tolerance. Beyond that its age cannot be told, so it is expired: counting from its fetched_at would let it
/// live longer than its windows by as much as the clocks differ.
verdict judge(const entry& e, const windows& w, time_point now);

std::string_view to_string(verdict v);

} // namespace rollcall::cache
