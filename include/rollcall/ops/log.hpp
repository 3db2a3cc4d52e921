#pragma once

#include <string_view>

namespace rollcall::ops {

/// Sets up spdlog's default logger (to standard error, with time and level) and its level. Called once, by main.
/// Credentials never reach a logger: whoever logs a request logs its identity, which holds a fingerprint.
void start_log(std::string_view level);

/// Any thread.
void set_log_level(std::string_view level);

} // namespace rollcall::ops
