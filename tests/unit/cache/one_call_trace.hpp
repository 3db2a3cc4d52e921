#pragma once

#include "rollcall/cache/freshness.hpp"
#include "rollcall/cache/identity.hpp"

#include "simulated_time.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace rollcall::simulation {

/// Something that is asked for, and its place in tables.
struct subject {
  cache::identity id;
  std::size_t number = 0;
};

/// Every room of every bot.
inline std::vector<subject> make_subjects(std::size_t bots, std::size_t rooms) {
  std::vector<subject> all;
  for (std::size_t bot = 0; bot < bots; ++bot)
    for (std::size_t room = 0; room < rooms; ++room)
      all.push_back(
          {{"0123456789abcdef", "wcId", "w-" + std::to_string(bot), std::to_string(room) + "@chatroom"}, all.size()});
  return all;
}

/// Who asks for what, and when. `dice` picks the gateway.
struct request {
  microseconds at;
  std::uint32_t subject = 0;
  std::uint32_t dice = 0;
};

/// Uniform in [0, 1), the same everywhere for the same words: SplitMix64.
inline double draw(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  auto x = seed * 0x9e3779b97f4a7c15 + a * 0xbf58476d1ce4e5b9 + b * 0x94d049bb133111eb + 1;
  for (int round = 0; round < 2; ++round) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    x ^= x >> 31;
  }
  return static_cast<double>(x >> 11) * 0x1p-53;
}

/// The n-th most popular subject is asked for in proportion to n^-skew; the pauses between requests are exponential.
inline std::vector<request> zipf_trace(std::size_t subjects, double skew, double rate, microseconds length,
                                       std::uint64_t seed) {
  std::vector<double> cumulated;
  double sum = 0;
  for (std::size_t rank = 1; rank <= subjects; ++rank)
    cumulated.push_back(sum += std::pow(static_cast<double>(rank), -skew));
  std::mt19937_64 random(seed);
  const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<request> all;
  for (double at = 0;;) {
    at += -std::log(1 - uniform()) / rate * 1e6;
    if (at >= static_cast<double>(length.count()))
      return all;
    const auto pick = std::ranges::lower_bound(cumulated, uniform() * sum) - cumulated.begin();
    all.push_back({microseconds(static_cast<microseconds::rep>(at)), static_cast<std::uint32_t>(pick),
                   static_cast<std::uint32_t>(random() >> 32)});
  }
}

/// The n-th list of a subject has its freshness shortened by this draw, in whatever fleet.
inline double spread_of(std::size_t subject, std::size_t n) {
  return draw(11, subject, n);
}

/// What the requests alone allow.
struct bound {
  /// The fewest calls: the first request for a subject calls, and so does the first one at or after the end of the
  /// freshness that the call before gave. No order of calls does with fewer, as each call comes as late as it can.
  std::size_t calls = 0;
  /// Those of them for which somebody has to wait: there is nothing to serve meanwhile.
  std::size_t waits = 0;
};

/// `late`: each call is made up to so much after the request for it, and its freshness ends as much later.
inline bound least_of(std::span<const request> all, std::size_t subjects, const cache::windows& w,
                      cache::milliseconds late = cache::milliseconds(0)) {
  struct state {
    cache::time_point fresh_until = cache::time_point::min();
    std::size_t calls = 0;
  };
  std::vector<state> states(subjects);
  bound least;
  for (const auto& r : all) {
    auto& s = states[r.subject];
    const auto at = timeline::wall_at(r.at);
    if (at < s.fresh_until)
      continue;
    least.waits += s.calls == 0 || at >= s.fresh_until + w.stale_while_revalidate;
    s.fresh_until = cache::lifetime_of(w, at + late, spread_of(r.subject, s.calls++)).fresh_until;
    ++least.calls;
  }
  return least;
}

} // namespace rollcall::simulation
