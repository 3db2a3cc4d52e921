#pragma once

#include <cstddef>

namespace rollcall::ops {

/// How many descriptors this process may have open: the soft limit (getrlimit(2)).
std::size_t open_files_most() noexcept;

/// Raises that to the hard limit, as any process may. Called by main before anything is opened.
void raise_open_files() noexcept;

} // namespace rollcall::ops
