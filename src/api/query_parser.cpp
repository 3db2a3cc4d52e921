#include "rollcall/api/query.hpp"

#include "document.hpp"
#include "known_fields.hpp"

#include <initializer_list>
#include <new>
#include <optional>

namespace rollcall::api {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

/// Bodies above this are not worth a buffer in every thread: the documented request is about 100 bytes.
constexpr std::size_t quick_capacity = 4096;

std::optional<room_field> room_field_named(std::string_view name) {
  for (const room_field f : {room_field::wcId, room_field::chatRoomId})
    if (name == to_string(f))
      return f;
  return std::nullopt;
}

/// Recognises a query, and nothing else: whatever is odd is left to judge(). Visits every field, because On-Demand
/// validates only what it visits, and unescapes names, because it compares them raw.
std::optional<query> recognise(ondemand::parser& parser, padded_view body) {
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(body.data, body.size, body.size + padding).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS)
    return std::nullopt;

  query found;
  for (auto field : object) {
    std::string_view name;
    std::string_view value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
        field.value().get_string().get(value) != simdjson::SUCCESS || value.empty())
      return std::nullopt;
    if (name == "wId" && found.w_id.empty()) {
      found.w_id = value;
    } else if (const auto room = room_field_named(name); room && found.room.empty()) {
      found.field = *room;
      found.room = value;
    } else {
      return std::nullopt;
    }
  }
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (!at_end || found.w_id.empty() || found.room.empty())
    return std::nullopt;
  return found;
}

/// Applies all the rules, in the order of query_error, to any body.
parsed_query judge(document_parser& parser, padded_view body) {
  dom::element root;
  dom::object object;
  if (parser.parse(body).get(root) != simdjson::SUCCESS)
    return query_error::not_json;
  if (root.get(object) != simdjson::SUCCESS)
    return query_error::not_an_object;

  const known_fields fields(object);
  if (fields.repeated)
    return query_error::duplicate_name;
  if (!fields.w_id)
    return query_error::missing_w_id;
  if (!fields.wc_id && !fields.chat_room_id)
    return query_error::missing_room;

  const auto known = {fields.w_id, fields.wc_id, fields.chat_room_id};
  for (const auto& value : known)
    if (value && !value->is_string())
      return query_error::not_a_string;
  for (const auto& value : known)
    if (value && value->get_string().value_unsafe().empty())
      return query_error::empty_string;

  if (fields.others || (fields.wc_id && fields.chat_room_id))
    return pass_through{};
  const bool first_generation = fields.wc_id.has_value();
  return query{.w_id = fields.w_id->get_string().value_unsafe(),
               .field = first_generation ? room_field::wcId : room_field::chatRoomId,
               .room = (first_generation ? fields.wc_id : fields.chat_room_id)->get_string().value_unsafe()};
}

} // namespace

struct query_parser::state {
  ondemand::parser quick;
  document_parser whole;
};

query_parser::query_parser() : state_(std::make_unique<state>()) {
  if (state_->quick.allocate(quick_capacity) != simdjson::SUCCESS)
    throw std::bad_alloc();
}

query_parser::~query_parser() = default;

parsed_query query_parser::parse(padded_view body) {
  state_->whole.trim(); // here, not below: a query has views into it
  if (body.size > 0 && body.size <= quick_capacity)
    if (const auto found = recognise(state_->quick, body))
      return *found;
  return judge(state_->whole, body);
}

} // namespace rollcall::api
