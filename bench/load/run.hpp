#pragma once

#include "load/plan.hpp"
#include "load/result.hpp"

namespace rollcall::load {

/// Carries a plan out. SIGINT and SIGTERM end it early, with the result so far. Throws std::runtime_error when it
/// cannot begin.
result run(const plan& planned);

} // namespace rollcall::load
