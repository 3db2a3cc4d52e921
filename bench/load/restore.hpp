#pragma once

#include "load/work.hpp"

#include <cstddef>

namespace rollcall::load {

/// Takes the newcomers out of the rooms again, so that the next run finds the stand-in as this one did. For ten seconds
/// at most; returns how many rooms may still have one.
std::size_t restore_rooms(const work& done);

} // namespace rollcall::load
