#pragma once

#include "load/plan.hpp"

#include <string>
#include <utility>
#include <vector>

namespace rollcall::load {

/// What a result says of its plan: names as the flags have them, values as JSON.
std::vector<std::pair<std::string, std::string>> settings_of(const plan& planned);

} // namespace rollcall::load
