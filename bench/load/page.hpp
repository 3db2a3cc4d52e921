#pragma once

#include "load/result.hpp"

#include <string>
#include <vector>

namespace rollcall::load {

struct named_result {
  std::string name;
  result what;
};

/// One HTML page that needs nothing else: tables and plots of all results, for light and dark screens.
std::string page_of(const std::vector<named_result>& all);

} // namespace rollcall::load
