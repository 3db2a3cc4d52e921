#pragma once

#include "rollcall/upstream/pool.hpp"

#include <chrono>
#include <string>

namespace rollcall::upstream {

/// Asks an instance for a path (GET), so that its health hears how it does; the answer is thrown away. `pause` is the
/// longest that it may take for each part. `to` outlives the task.
net::task<> probe(pool& to, std::string path, std::chrono::milliseconds pause);

} // namespace rollcall::upstream
