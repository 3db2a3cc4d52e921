#pragma once

#include "load/collector.hpp"
#include "load/plan.hpp"

#include <cstddef>

namespace rollcall::load {

/// A line once a second on standard error, where that is a terminal.
class progress_lines {
public:
  explicit progress_lines(const plan& planned);
  void show(const collector& results);

private:
  bool wanted_;
  std::size_t seen_ = 0;
};

} // namespace rollcall::load
