#pragma once

#include "load/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rollcall::load {

/// A line of a table of results, in words or as a number.
struct row {
  std::string name;
  std::optional<double> value; ///< nothing: not measured
  std::string (*text)(double);

  [[nodiscard]] std::string shown() const { return value ? text(*value) : "-"; }
};

/// What one compares results by; the same rows for each.
std::vector<row> rows_of(const result& of);

/// Both for people.
std::string failures_text(const failures& of);
std::string hits_text(const result& of);

} // namespace rollcall::load
