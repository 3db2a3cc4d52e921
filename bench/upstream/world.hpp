#pragma once

#include "upstream/room.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rollcall::standin {

/// The state of the stand-in: which rooms changed and how, which accounts logged out, and the answers rendered so far.
/// All members may be called from any thread. Everything is bounded: rendered answers are dropped when they grow past
/// a limit, and a change that would exceed a limit is refused.
///
/// Functions that change something return whether they did; false is a business failure.
class world {
public:
  using shared_text = std::shared_ptr<const std::string>;

  explicit world(room_options options) : options_(options) {}

  [[nodiscard]] const room_options& options() const { return options_; }

  /// The answer to getChatRoomMember for a room as it is now, rendered once a change.
  shared_text members(std::string_view room, naming names);

  /// Whether nothing has happened to the room yet.
  [[nodiscard]] bool is_untouched(std::string_view room) const;

  /// The room as it is now.
  room_view look(std::string_view room);

  /// Adds people, invited by the account of `wid`. Who is there already stays as he is.
  bool add(std::string_view wid, std::string_view room, std::span<const std::string> users);

  /// Removes whoever of `users` is there; false when nobody was, or when the owner is among them.
  bool remove(std::string_view room, std::span<const std::string> users);

  /// The account of `wid` leaves.
  bool quit(std::string_view wid, std::string_view room);

  /// The account of `wid` joins, by a link or a code.
  bool join(std::string_view wid, std::string_view room);

  bool rename(std::string_view room, std::string_view topic);

  /// Sets the name of `wid`'s account within the room.
  bool rename_self(std::string_view wid, std::string_view room, std::string_view nick);

  /// Makes `user`, who must be a member, the owner.
  bool transfer(std::string_view room, std::string_view user);

  /// Opens a room of `wid`'s account and `users`. Returns its id, or an empty string.
  std::string create(std::string_view wid, std::span<const std::string> users, std::string_view topic);

  /// From now on is_logged_out(wid).
  bool log_out(std::string_view wid);
  [[nodiscard]] bool is_logged_out(std::string_view wid) const;

private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct room_state {
    changes made;
    std::array<shared_text, 2> rendered;
  };
  using change = std::function<bool(changes& made, const room_view& now)>;

  bool alter(std::string_view room, const change& apply);
  bool include(std::string_view room, std::span<const std::string> users, std::string_view inviter);
  room_state& state_of(std::string_view room);
  void forget(room_state& state);
  void keep_bounds();

  const room_options options_;
  mutable std::mutex mutex_; // guards everything below
  std::unordered_map<std::string, room_state, text_hash, std::equal_to<>> rooms_;
  std::set<std::string, std::less<>> logged_out_;
  std::size_t rendered_bytes_ = 0;
  std::size_t changed_ = 0;
  std::uint64_t created_ = 0;
};

} // namespace rollcall::standin
