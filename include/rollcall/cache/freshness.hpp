#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"

#include <optional>
#include <string_view>

namespace rollcall::cache {

/// The freshness windows of the configuration. The two stale windows both start when freshness ends (RFC 5861).
struct windows {
  milliseconds fresh{60'000};
  milliseconds stale_while_revalidate{300'000};
  milliseconds stale_if_error{3'600'000};
  /// Share of `fresh` by which one entry's window may be shorter than another's: 0.1 is up to 10 %.
  double jitter = 0.1;
  /// How eagerly an entry is renewed before its freshness ends: the beta of XFetch; 0 never does.
  double early_refresh = 1.0;
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

/// Whether this request, of all that a fresh entry answers, should have it renewed already: XFetch (Vattani,
/// Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015). The closer freshness is
/// to its end, reckoned in the time that the upstream took last, the likelier; so an entry that is asked for all the
/// time is renewed before it goes stale, and one that is not asked for is not. Never in the first half of its
/// freshness. `random` is uniform in [0, 1).
bool refresh_early(const entry& e, const windows& w, time_point now, double random);

/// What a request asks of the cache (RFC 9111 section 5.2.1), as far as we heed it.
struct directives {
  /// The oldest answer it wants; no-cache is 0. Nothing stale then, either.
  std::optional<milliseconds> max_age;
  /// Nothing that has to be asked for.
  bool only_if_cached = false;
  /// What is asked for is not to be kept.
  bool no_store = false;
};

/// Renewals that clients ask for are done at most this often for an identity: whatever is younger is new enough.
inline constexpr milliseconds renewal_pause{1'000};

/// The earliest fetch that satisfies `d`: time_point::min() when any does.
time_point oldest_wanted(const directives& d, time_point now);

/// What memory's entry is good for, for one request.
enum class decision {
  serve = 1,         ///< the answer is there
  serve_and_refresh, ///< the same; and it is to be renewed in the background
  ask,               ///< it is not, or somebody has to be asked first whether it still holds
};

/// What a decision takes into account beside the entry and the windows.
struct circumstances {
  time_point now;
  /// Redis may hold another version by now, and can be asked.
  bool unverified = false;
  /// When it was asked for last, if that has failed a short while ago.
  std::optional<time_point> failed_at{};
  /// Uniform in [0, 1).
  double random = 0;
};

/// `held` may be null.
decision decide(const entry* held, const windows& w, const directives& d, const circumstances& c);

std::string_view to_string(decision d);

} // namespace rollcall::cache
