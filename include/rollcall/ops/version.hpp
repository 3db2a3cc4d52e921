#pragma once

#include <string_view>

namespace rollcall::ops {

/// The release; the same as the project's version in CMakeLists.txt (tests/layout.py compares them).
inline constexpr std::string_view version = "0.1.0";

} // namespace rollcall::ops
