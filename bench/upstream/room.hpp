#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The people the stand-in invents. Everything here is a pure function of its arguments, so whoever knows the seed can
/// tell what the stand-in must have answered.
namespace rollcall::standin {

inline constexpr std::size_t most_members = 500;

/// Which generation of the platform's names an answer uses.
enum class naming : std::uint8_t { first, later };

/// How many members rooms have. `small`: 3 to 12. `mixed`: log-normal with a median of 40, at most 500.
struct room_sizes {
  enum class kind : std::uint8_t { fixed, small, mixed } how = kind::mixed;
  std::size_t fixed = 0;
};

/// The two points in which the platform's table and its examples differ.
struct envelope_style {
  bool int_code = false; ///< `"code":1000` rather than `"code":"1000"`
  bool msg = false;      ///< `msg` rather than `message`
};

struct room_options {
  std::uint64_t seed = 1;
  room_sizes sizes = {};
  envelope_style style = {};
};

/// Empty strings stand for null.
struct member {
  std::string user_name;
  std::string nick_name;
  std::string display_name;
  std::string avatar; ///< the URL without its size, which is "/0" or "/132"
  std::string inviter;
};

/// What has happened to a room since the beginning of time.
struct changes {
  std::uint64_t generation = 0; ///< how many times it changed
  bool created = false;         ///< made in this run: nobody is in it but who joined
  std::vector<member> joined;
  std::set<std::string, std::less<>> left;
  std::map<std::string, std::string, std::less<>> display_names;
  std::string owner; ///< empty: the original one
  std::string topic; ///< empty: the original one
};

/// A room as it is after its changes.
struct room_view {
  std::string topic;
  std::string owner;
  std::vector<member> members;

  /// The member of that name, or null.
  [[nodiscard]] const member* find(std::string_view user_name) const;
};

/// Whether this is the id of a room: not empty before `@chatroom` or `@chatRoom`.
bool is_room(std::string_view id);

/// Number of members before any change.
std::size_t original_size(const room_options& options, std::string_view room);

/// The room after `made`. Original members come first and keep their order; the original owner is the last of them.
room_view look_at(const room_options& options, std::string_view room, const changes& made = {});

/// Somebody who has just joined. Depends on the seed and the user name, not on the room.
member newcomer(const room_options& options, std::string_view user_name, std::string_view inviter);

/// The user name of the account behind an instance.
std::string account_of(const room_options& options, std::string_view wid);

/// One member as compact JSON; `room` is what the later names repeat in each member.
void append_member(std::string& out, naming names, const member& who, std::string_view room, std::size_t room_size);

/// The whole answer to getChatRoomMember: the envelope around the room's members, compact.
std::string render_room(const room_options& options, std::string_view room, naming names, const changes& made = {});

/// An envelope around `data`, which is JSON already.
std::string envelope(envelope_style style, int code, std::string_view message, std::string_view data);

} // namespace rollcall::standin
