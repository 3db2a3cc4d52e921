#pragma once

#include <cstdint>
#include <string>

/// Numbers as people read them.
namespace rollcall::load {

std::string with_commas(std::uint64_t number);  ///< 1,234,567
std::string duration_text(double microseconds); ///< 87 us, 1.25 ms, 12.3 ms, 3.42 s
std::string percent(double share);              ///< 99.98 %
std::string bytes_text(double bytes);           ///< 1.5 MiB

} // namespace rollcall::load
