#pragma once

#include "load/cache_outcome.hpp"
#include "load/histogram.hpp"

#include <array>
#include <cstdint>
#include <map>

namespace rollcall::load {

/// Requests that got no answer, or one with another status than 200.
struct failures {
  std::uint64_t connect = 0;  ///< no connection
  std::uint64_t timeout = 0;  ///< no answer in time
  std::uint64_t closed = 0;   ///< the connection ended before the answer
  std::uint64_t protocol = 0; ///< what came was no HTTP/1.1 response
  std::uint64_t unsent = 0;   ///< open loop: no connection was free until the run was over
  std::map<unsigned, std::uint64_t> status;

  void add(const failures& other);
  [[nodiscard]] std::uint64_t total() const noexcept;
};

/// What happened, on one thread or on all, in a second or in a run.
struct tally {
  histogram latency;          ///< of answers with status 200 to the workload's questions
  histogram writes;           ///< of writes that were confirmed
  histogram herds;            ///< of answers to herds
  histogram hit_latency;      ///< of lists that the peer called a hit, be they fresh or stale
  std::uint64_t requests = 0; ///< answered with status 200, of all three kinds
  failures failed;
  std::uint64_t wrong = 0;    ///< answers that were not what they had to be, outdated ones among them
  std::uint64_t outdated = 0; ///< lists as they had been before a change that was confirmed before the question
  std::array<std::uint64_t, cache_outcomes> hits{};
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  void add(const tally& other);
  void clear();
};

} // namespace rollcall::load
