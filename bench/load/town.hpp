#pragma once

#include "upstream/room.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rollcall::load {

/// How many members the rooms asked for have: what rollcall-upstream was told, or those of its mixed rooms that lie
/// within a range.
struct members_wanted {
  standin::room_sizes rooms = {};
  std::size_t least = 0;
  std::size_t most = standin::most_members;
};

/// The bots, and the rooms each of them is in: nobody shares one, so an answer that went to the wrong bot shows.
/// Number i is the i-th most popular room, and they go round the bots.
class town {
public:
  town(std::size_t bots, std::size_t rooms_each, const members_wanted& members, std::uint64_t seed);

  [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }
  [[nodiscard]] const standin::room_options& options() const noexcept { return options_; }

  [[nodiscard]] std::string w_id(std::size_t i) const;
  [[nodiscard]] std::string token(std::size_t i) const;
  [[nodiscard]] std::string room(std::size_t i) const;

  /// Whether the platform lets one more in.
  [[nodiscard]] bool can_grow(std::size_t i) const;

  /// More rooms, numbered from `first` on: the bots ask for these without having been in them before.
  void extend(std::size_t count, std::uint64_t first);

private:
  void settle(std::size_t count, std::uint64_t first);

  standin::room_options options_;
  members_wanted members_;
  std::size_t bots_;
  std::vector<std::uint64_t> numbers_;
};

} // namespace rollcall::load
