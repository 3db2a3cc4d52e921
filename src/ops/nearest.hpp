#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rollcall::ops {

/// How many insertions, deletions, replacements and swaps of neighbours turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word that `typed` was probably meant to be, or an empty view when none is near enough to be a likely slip.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> words);

} // namespace rollcall::ops
