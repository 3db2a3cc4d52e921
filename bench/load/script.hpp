#pragma once

#include "load/plan.hpp"
#include "load/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::load {

/// Reads one line of a failure script, `TIME COMMAND`. Empty lines and those that begin with # are nothing.
std::optional<planned_event> read_event(std::string_view line);

/// Reads a file of them. Throws std::runtime_error, which names the line.
std::vector<planned_event> read_script(const std::string& file);

/// Runs the commands of a failure script when they are due, each in a shell of its own, and notes how they ended. What
/// they print goes to standard error.
class script {
public:
  explicit script(const std::vector<planned_event>& events);

  /// Starts what is due `elapsed` nanoseconds after the beginning; does not wait for it.
  void step(std::int64_t elapsed);

  /// When the next one is due, if there is one left.
  [[nodiscard]] std::optional<std::int64_t> next() const;

  /// What was done, once the commands have ended; who has not within two seconds is left behind with status -1.
  std::vector<event> finish();

private:
  struct running {
    pid_t pid;
    std::size_t which;
  };
  void reap();

  std::vector<planned_event> planned_;
  std::size_t at_ = 0;
  std::vector<event> done_;
  std::vector<running> running_;
};

} // namespace rollcall::load
