#include "rollcall/upstream/directory.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::upstream {

std::expected<directory, std::string> directory::make(std::vector<entry> entries) {
  std::vector<routing::seat> seats;
  for (const auto& each : entries) {
    auto name = each.where.to_string();
    if (std::ranges::find(seats, name, &routing::seat::name) != seats.end())
      return std::unexpected(name + " is listed twice; allowed is once each");
    seats.push_back({std::move(name), each.wids});
  }
  auto homes = routing::make(seats);
  if (!homes)
    return std::unexpected(std::move(homes.error()));
  return directory(std::move(entries), std::move(*homes));
}

} // namespace rollcall::upstream
