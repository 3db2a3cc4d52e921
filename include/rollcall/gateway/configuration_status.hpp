#pragma once

#include "rollcall/ops/config.hpp"
#include "rollcall/ops/counter.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace rollcall::gateway {

/// What there is to tell of the configuration that is in force, and of attempts to replace it. Written on the control
/// thread; the counters are read by any.
struct configuration_status {
  /// It was read again and taken. Logs what has changed, and what would need a restart.
  void taken(const ops::config_changes& changed);
  /// It was read again and is impossible; the one before stays in force. Logs why.
  void refused(std::string why);

  std::chrono::system_clock::time_point loaded = std::chrono::system_clock::now();
  /// Why the last attempt was refused; empty when it was not.
  std::string error;
  /// Keys whose values in the file are not those in force.
  std::vector<std::string> needs_restart;
  ops::counter reloads;
  ops::counter refusals;
  ops::counter failing; ///< gauge: 1 while the last attempt was refused
};

} // namespace rollcall::gateway
