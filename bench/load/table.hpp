#pragma once

#include "load/result.hpp"

#include <string>

namespace rollcall::load {

/// A result as a table for a terminal.
std::string table_of(const result& of);

/// Two results side by side, with what the second is to the first.
std::string comparison_of(const result& a, const result& b);

} // namespace rollcall::load
