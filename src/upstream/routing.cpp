#include "rollcall/upstream/routing.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <functional>

namespace rollcall::upstream {

// XXH3 (xxHash 0.8 and later) is specified to give the same on every machine and in every version to come.
std::expected<routing, std::string> routing::make(std::span<const seat> seats) {
  routing made;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    for (const auto& pattern : seats[i].wids) {
      const auto star = pattern.find('*');
      const bool beginning = star != std::string::npos;
      if (beginning && star + 1 != pattern.size())
        return std::unexpected(fmt::format(
            R"("{}" of {} has a * that is not its last character; allowed is a wId, or the beginning of some and a *)",
            pattern, seats[i].name));
      auto& known = beginning ? made.beginnings_ : made.whole_;
      const auto [at, is_new] = known.emplace(pattern.substr(0, star), i);
      if (!is_new)
        return std::unexpected(fmt::format(R"("{}" is listed for {} and for {}, but an account lives on one instance)",
                                           pattern, seats[at->second].name, seats[i].name));
      if (beginning)
        made.lengths_.push_back(star);
    }
    if (seats[i].wids.empty()) {
      made.shared_.push_back({i, XXH3_64bits(seats[i].name.data(), seats[i].name.size())});
      made.anybody_.push_back(i);
    }
  }
  std::ranges::sort(made.lengths_, std::greater());
  made.lengths_.erase(std::ranges::unique(made.lengths_).begin(), made.lengths_.end());
  for (std::size_t i = 0; made.shared_.empty() && i < seats.size(); ++i)
    made.anybody_.push_back(i);
  made.single_ = seats.size() == 1 && !made.shared_.empty();
  return made;
}

std::optional<std::size_t> routing::home_of(std::string_view w_id) const {
  if (const auto at = whole_.find(w_id); at != whole_.end())
    return at->second;
  for (const auto length : lengths_)
    if (length <= w_id.size())
      if (const auto at = beginnings_.find(w_id.substr(0, length)); at != beginnings_.end())
        return at->second;
  if (shared_.size() == 1)
    return shared_.front().seat;
  std::optional<std::size_t> best;
  std::uint64_t highest = 0;
  for (const auto& each : shared_)
    if (const auto score = XXH3_64bits_withSeed(w_id.data(), w_id.size(), each.seed); !best || score > highest) {
      best = each.seat;
      highest = score;
    }
  return best;
}

} // namespace rollcall::upstream
