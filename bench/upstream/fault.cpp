#include "upstream/fault.hpp"

#include "upstream/duration.hpp"

#include <cstddef>

namespace rollcall::standin {

std::string_view to_string(fault_kind kind) noexcept {
  switch (kind) {
  case fault_kind::none:
    return "none";
  case fault_kind::hang:
    return "hang";
  case fault_kind::error:
    return "error";
  case fault_kind::garbage:
    return "garbage";
  case fault_kind::noise:
    return "noise";
  case fault_kind::close:
    return "close";
  case fault_kind::cut:
    return "cut";
  case fault_kind::slow:
    return "slow";
  }
  return "";
}

std::optional<fault> parse_fault(const call& made) {
  const auto mode = made.text("mode");
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    const auto kind = static_cast<fault_kind>(i);
    if (mode != to_string(kind)) {
      continue;
    }
    const bool needs_delay = kind == fault_kind::slow;
    if (made.has("delay") != needs_delay) {
      return std::nullopt;
    }
    const auto delay = parse_duration(needs_delay ? made.text("delay") : "0");
    return delay ? std::optional(fault{kind, *delay}) : std::nullopt;
  }
  return std::nullopt;
}

} // namespace rollcall::standin
