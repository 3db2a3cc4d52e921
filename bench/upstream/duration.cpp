#include "upstream/duration.hpp"

#include <charconv>
#include <cstdint>

namespace rollcall::standin {

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  std::uint32_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) {
    return std::nullopt;
  }
  const std::string_view unit(rest, text.data() + text.size());
  std::chrono::microseconds result(0);
  if (unit == "us" || (unit.empty() && count == 0)) {
    result = std::chrono::microseconds(count);
  } else if (unit == "ms") {
    result = std::chrono::milliseconds(count);
  } else if (unit == "s") {
    result = std::chrono::seconds(count);
  } else if (unit == "m") {
    result = std::chrono::minutes(count);
  } else {
    return std::nullopt;
  }
  return result <= std::chrono::hours(1) ? std::optional(result) : std::nullopt;
}

} // namespace rollcall::standin
