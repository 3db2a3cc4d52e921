#pragma once

#include "upstream/call.hpp"
#include "upstream/world.hpp"

#include <optional>
#include <string>

namespace rollcall::standin {

/// Carries out one call of the platform's API other than getChatRoomMember, under any generation's names. Returns the
/// JSON for `data`, or nothing for a business failure. A path that is not known succeeds with null.
std::optional<std::string> run_endpoint(world& where, const call& made);

} // namespace rollcall::standin
