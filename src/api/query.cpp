#include "rollcall/api/query.hpp"

#include "text.hpp"

namespace rollcall::api {

std::string_view to_string(room_field f) {
  switch (f) {
  case room_field::wcId:
    return "wcId";
  case room_field::chatRoomId:
    return "chatRoomId";
  }
  return "unknown";
}

std::string_view to_string(query_error e) {
  switch (e) {
  case query_error::not_json:
    return "the body is not one valid JSON document in UTF-8";
  case query_error::not_an_object:
    return "the body is not a JSON object";
  case query_error::duplicate_name:
    return "wId, wcId or chatRoomId occurs more than once";
  case query_error::missing_w_id:
    return "wId is missing";
  case query_error::missing_room:
    return "wcId (or chatRoomId) is missing";
  case query_error::not_a_string:
    return "wId and wcId (or chatRoomId) must be strings";
  case query_error::empty_string:
    return "wId and wcId (or chatRoomId) must not be empty";
  }
  return "unknown";
}

std::string canonical_body(const query& q) {
  std::string body;
  body.reserve(q.w_id.size() + q.room.size() + 32);
  body += "{\"wId\":";
  append_json_string(body, q.w_id);
  body += ",\"";
  body += to_string(q.field);
  body += "\":";
  append_json_string(body, q.room);
  body += '}';
  return body;
}

} // namespace rollcall::api
