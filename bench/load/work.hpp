#pragma once

#include "load/address.hpp"
#include "load/catalogue.hpp"
#include "load/plan.hpp"
#include "load/popularity.hpp"
#include "load/request_text.hpp"
#include "load/town.hpp"
#include "load/versions.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace rollcall::load {

/// What the workers of a run share and do not change, but for the versions. Made by prepare().
struct work {
  const plan& planned;
  std::vector<address> targets;
  request_text requests;
  catalogue questions;
  std::optional<town> people;          ///< not in a replay
  std::optional<popularity> rooms;     ///< not in a replay
  std::vector<std::uint32_t> recorded; ///< of a replay: the questions in their order
  std::unique_ptr<versions> changes;   ///< null where nothing changes
  std::size_t usual = 0;               ///< questions of the workload; those of the herds come after them
};

/// Finds the targets and makes the questions. Keeps a reference to the plan. Throws std::runtime_error.
work prepare(const plan& planned);

} // namespace rollcall::load
