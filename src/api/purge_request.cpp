#include "rollcall/api/purge_request.hpp"

#include "document.hpp"
#include "known_fields.hpp"

#include <initializer_list>

namespace rollcall::api {
namespace {

namespace dom = simdjson::dom;

/// The text of a field that passed the rules.
std::optional<std::string> sound_text(const std::optional<dom::element>& value) {
  return value ? std::optional<std::string>(value->get_string().value_unsafe()) : std::nullopt;
}

} // namespace

std::string_view to_string(purge_error e) {
  switch (e) {
  case purge_error::not_json:
    return "the body is not one valid JSON document in UTF-8";
  case purge_error::not_an_object:
    return "the body is not a JSON object";
  case purge_error::unknown_field:
    return "the body has a field other than wId and wcId (or chatRoomId)";
  case purge_error::duplicate_name:
    return "wId, wcId or chatRoomId occurs more than once";
  case purge_error::not_a_string:
    return "wId and wcId (or chatRoomId) must be strings";
  case purge_error::empty_string:
    return "wId and wcId (or chatRoomId) must not be empty";
  case purge_error::nothing_named:
    return "wId, wcId (or chatRoomId) or both are needed";
  case purge_error::two_rooms:
    return "wcId and chatRoomId mean the same; only one of them is allowed";
  }
  return "unknown";
}

std::expected<purge_request, purge_error> parse_purge_request(padded_view body) {
  document_parser parser;
  dom::element root;
  dom::object object;
  if (parser.parse(body).get(root) != simdjson::SUCCESS)
    return std::unexpected(purge_error::not_json);
  if (root.get(object) != simdjson::SUCCESS)
    return std::unexpected(purge_error::not_an_object);

  const known_fields fields(object);
  if (fields.others)
    return std::unexpected(purge_error::unknown_field);
  if (fields.repeated)
    return std::unexpected(purge_error::duplicate_name);
  const auto known = {fields.w_id, fields.wc_id, fields.chat_room_id};
  for (const auto& value : known)
    if (value && !value->is_string())
      return std::unexpected(purge_error::not_a_string);
  for (const auto& value : known)
    if (value && !text_of(*value))
      return std::unexpected(purge_error::empty_string);
  if (!fields.w_id && !fields.wc_id && !fields.chat_room_id)
    return std::unexpected(purge_error::nothing_named);
  if (fields.wc_id && fields.chat_room_id)
    return std::unexpected(purge_error::two_rooms);
  return purge_request{.w_id = sound_text(fields.w_id),
                       .room = sound_text(fields.wc_id ? fields.wc_id : fields.chat_room_id)};
}

} // namespace rollcall::api
