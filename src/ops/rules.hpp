#pragma once

#include "rollcall/ops/config.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rollcall::ops {

/// A value as the file or a flag gives it, before any rule has looked at it. `monostate` is what no key takes: a date,
/// a table, a list of anything but strings.
using raw_value = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::string>>;

/// One key: where it stands, what it takes, and how to read it. The file reader, the flags and the tests all walk the
/// same list, so a key that is in the list is complete.
template <typename Target>
struct rule {
  std::string_view section;
  std::string_view name;
  std::string allowed; ///< finishes the sentence "... is not "
  bool secret;         ///< the value may hold a password and is never quoted
  bool live;           ///< it may change while the process runs
  std::function<bool(Target&, const raw_value&)> read;
  std::function<bool(const Target&, const Target&)> same;
  std::function<void(Target& to, const Target& from)> copy;
};

/// The keys of all the tables that occur once.
const std::vector<rule<config>>& config_rules();
/// The keys of one `[[upstream.instance]]`.
const std::vector<rule<upstream_instance>>& instance_rules();
/// Whether the list of instances may change while the process runs.
inline constexpr bool instances_are_live = false;

/// What is wrong with a value that the rule refused, as in `"60x" is not a duration from ...`.
template <typename Target>
std::string refusal(const rule<Target>& broken, const raw_value& value);

} // namespace rollcall::ops
