#include "nearest.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace rollcall::ops {

// Optimal string alignment, with the last three rows of the table.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view nearest(std::string_view typed, std::span<const std::string_view> words) {
  constexpr std::size_t longest = 64; // no key is near that; hostile input must not cost quadratic time
  if (typed.size() > longest)
    return {};
  std::string_view found;
  std::size_t least = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const auto word : words) {
    const auto distance = edit_distance(typed, word);
    if (distance < least) {
      least = distance;
      found = word;
    }
  }
  return found;
}

} // namespace rollcall::ops
