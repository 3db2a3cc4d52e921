#pragma once

#include "rollcall/api/query.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::api {

/// What an operator, or a bot, wants forgotten: an account's lists, a room's, or that room's as that account sees it.
/// At least one is there, and none is empty.
struct purge_request {
  std::optional<std::string> w_id;
  std::optional<std::string> room;
};

/// The rule that a purge's body breaks; the first of these when it breaks several.
enum class purge_error {
  not_json = 1, ///< not one whole valid JSON document in UTF-8
  not_an_object,
  unknown_field, ///< whoever wrote it meant something narrower than what would be purged
  duplicate_name,
  not_a_string,
  empty_string,
  nothing_named,
  two_rooms, ///< both wcId and chatRoomId
};
/// A sentence for the envelope's message.
std::string_view to_string(purge_error e);

/// Reads the body of POST /purge: an object of `wId`, `wcId` (or `chatRoomId`, which means the same) or both, and
/// nothing else. Purges are rare, so this keeps no buffers.
std::expected<purge_request, purge_error> parse_purge_request(padded_view body);

} // namespace rollcall::api
