#pragma once

#include "load/catalogue.hpp"
#include "load/town.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

/// The questions that the platform knows, and what it answers.
namespace rollcall::load {

inline constexpr std::string_view members_path = "/getChatRoomMember";

/// Asks for the list of each room of the town. Without `verify` any answer is right.
void ask_for_lists(catalogue& into, const town& of, bool verify);

/// Asks for some members of each room, which no gateway caches: up to four, so about 2 KB.
void ask_for_members(catalogue& into, const town& of, bool verify);

/// A change of a room, from the version before to this one: somebody comes with an odd version and is gone with the
/// next.
struct change {
  std::string_view path;
  std::string token;
  std::string body;
};
change change_to(std::uint32_t version, const town& of, std::size_t room);

/// What an odd version has after the last original member of its list.
std::string newcomer_in(std::uint32_t version, const town& of, std::size_t room);

/// Whether a body is the confirmation of a change.
bool confirms(std::string_view body) noexcept;

} // namespace rollcall::load
