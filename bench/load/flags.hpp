#pragma once

#include "load/plan.hpp"

#include <string>
#include <variant>
#include <vector>

namespace rollcall::load {

/// `compare A.json B.json [--html FILE]`
struct comparison {
  std::string a;
  std::string b;
  std::string html_file;
};

/// `report FILE.json... --html FILE`
struct report {
  std::vector<std::string> files;
  std::string html_file;
};

/// What to do, or the exit status after --help or a mistake, which has then been explained.
std::variant<plan, comparison, report, int> parse_flags(int argc, char** argv);

/// Reads "every=1s,askers=100"; both may be left out.
std::optional<herd_plan> parse_herd(std::string_view text);

/// Reads "40", "4-500", "small" or "mixed".
std::optional<members_wanted> parse_members(std::string_view text);

} // namespace rollcall::load
