#include "load/town.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace rollcall::load {
namespace {

constexpr std::uint64_t first_room = 10'000'000'000;
constexpr std::size_t most_tries = 5'000; // for a room of the right size: of the rarest, one in 1,000 has it

std::string room_name(std::uint64_t number) {
  return fmt::format("{}@chatroom", number);
}

} // namespace

town::town(std::size_t bots, std::size_t rooms_each, const members_wanted& members, std::uint64_t seed)
    : options_{.seed = seed, .sizes = members.rooms, .style = {}}, members_(members), bots_(bots) {
  settle(bots * rooms_each, first_room);
}

void town::extend(std::size_t count, std::uint64_t first) {
  settle(count, first);
}

void town::settle(std::size_t count, std::uint64_t first) {
  const bool any = members_.least == 0 && members_.most >= standin::most_members;
  const auto end = numbers_.size() + count;
  numbers_.reserve(end);
  for (std::size_t tries = 0; numbers_.size() < end; ++first) {
    const auto size = any ? 0 : standin::original_size(options_, room_name(first));
    if (size >= members_.least && size <= members_.most) {
      numbers_.push_back(first);
      tries = 0;
    } else if (++tries > most_tries) {
      throw std::runtime_error("hardly any of the stand-in's rooms has that many members");
    }
  }
}

std::string town::w_id(std::size_t i) const {
  return fmt::format("bot-{:04}", i % bots_);
}

std::string town::token(std::size_t i) const {
  return fmt::format("token-of-bot-{:04}", i % bots_);
}

std::string town::room(std::size_t i) const {
  return room_name(numbers_[i]);
}

bool town::can_grow(std::size_t i) const {
  const auto size = standin::original_size(options_, room(i));
  return size > 0 && size < standin::most_members;
}

} // namespace rollcall::load
