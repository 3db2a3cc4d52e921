#pragma once

#include "upstream/answer.hpp"
#include "upstream/call.hpp"
#include "upstream/counters.hpp"
#include "upstream/fault.hpp"
#include "upstream/room.hpp"

#include <string_view>

/// What tests use to look behind the curtain; no part of the platform's API, never delayed and never counted.
namespace rollcall::standin {

/// Paths that begin with `/__`, `/echo` and `/echo-length`.
bool is_control(std::string_view path);

/// Answers such a request. `made` refers to `asked`, whose body may be moved from.
answer control(request&& asked, const call& made, counters& counts, fault_switch& faults, envelope_style style);

} // namespace rollcall::standin
