#pragma once

#include "rollcall/api/query.hpp"

#include <memory>
#include <optional>
#include <string>

namespace rollcall::api {

/// What a write that was passed through is about. Without a room (a login, a join by link) it is about whatever the
/// account sees.
struct change {
  std::string w_id;
  std::optional<std::string> room;
};

/// Reads the bodies of writes. Keeps its buffers between calls, but not those of bodies above 1 MiB; one a thread.
class change_parser {
public:
  change_parser();
  ~change_parser();
  change_parser(const change_parser&) = delete;
  change_parser& operator=(const change_parser&) = delete;

  /// The room is the first of chatRoomId, chatroom and chatRoomWcId that is a non-empty string, or else a wcId that
  /// ends in `@chatroom`, in whatever case: elsewhere wcId names people. Names are compared after unescaping, and
  /// further fields do not matter. Half surrogate pairs, which clients write when they cut a nickname, count as U+FFFD.
  ///
  /// nullopt when nothing can be known: not one JSON object, no wId that is a non-empty string, or wId or a name of the
  /// room twice, which two readers may understand differently. The caller bounds the size of `body`.
  std::optional<change> parse(padded_view body);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace rollcall::api
