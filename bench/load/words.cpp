#include "load/words.hpp"

#include <fmt/format.h>

#include <array>

namespace rollcall::load {
namespace {

/// Three significant digits.
std::string three_digits(double value) {
  return value < 10    ? fmt::format("{:.2f}", value)
         : value < 100 ? fmt::format("{:.1f}", value)
                       : fmt::format("{:.0f}", value);
}

} // namespace

std::string with_commas(std::uint64_t number) {
  auto digits = fmt::format("{}", number);
  for (auto at = digits.size(); at > 3; at -= 3) {
    digits.insert(at - 3, ",");
  }
  return digits;
}

std::string duration_text(double microseconds) {
  return microseconds < 999.5     ? three_digits(microseconds) + " us"
         : microseconds < 999.5e3 ? three_digits(microseconds / 1e3) + " ms"
                                  : three_digits(microseconds / 1e6) + " s";
}

std::string percent(double share) {
  return fmt::format("{:.2f} %", 100 * share);
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 4> units{"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) {
    bytes /= 1024;
  }
  return three_digits(bytes) + ' ' + units[unit];
}

} // namespace rollcall::load
