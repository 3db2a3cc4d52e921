#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace rollcall::load {

/// What processes have used so far, all threads that live together.
struct process_use {
  double cpu_us = 0;
  std::uint64_t rss_bytes = 0;
};

/// Reads it from /proc; nothing when one of them is not there.
std::optional<process_use> use_of(std::span<const int> pids);

/// Our own CPU time, in microseconds.
double own_cpu_us();

} // namespace rollcall::load
