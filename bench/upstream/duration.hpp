#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace rollcall::standin {

/// Reads "250us", "150ms", "5s" or "2m"; a bare "0" too. Nothing above an hour, nothing negative.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

} // namespace rollcall::standin
