#include "rollcall/api/event.hpp"

#include "document.hpp"
#include "member_count.hpp"

namespace rollcall::api {
namespace {

namespace dom = simdjson::dom;

/// A field's text; empty when it is not there, or no string.
std::string_view text_at(dom::object object, std::string_view name) {
  dom::element value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS)
    return {};
  return text_of(value).value_or("");
}

/// The same of a field that travels as a string or as an integer. A number that became a floating one has lost digits
/// and identifies nothing.
std::string id_at(dom::object object, std::string_view name) {
  dom::element value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS)
    return {};
  if (std::int64_t number = 0; value.get(number) == simdjson::SUCCESS)
    return std::to_string(number);
  if (std::uint64_t number = 0; value.get(number) == simdjson::SUCCESS)
    return std::to_string(number);
  return std::string(text_of(value).value_or(""));
}

std::expected<event, event_error> read(document_parser& parser, padded_view body) {
  dom::element root;
  dom::object object;
  if (parser.parse_mended(body).get(root) != simdjson::SUCCESS)
    return std::unexpected(event_error::not_json);
  if (root.get(object) != simdjson::SUCCESS)
    return std::unexpected(event_error::not_an_object);

  event result;
  result.type = id_at(object, "messageType");
  if (result.type.empty())
    return std::unexpected(event_error::missing_type);
  dom::object data;
  if (object.at_key("data").get(data) != simdjson::SUCCESS)
    return result;
  result.w_id = text_at(data, "wId");
  if (const auto room = text_at(data, "fromGroup"); !room.empty())
    result.room = room;
  result.message_id = id_at(data, "newMsgId");
  result.member_count = member_count_in(text_at(data, "msgSource"));
  return result;
}

} // namespace

struct event_parser::state {
  document_parser whole;
};

event_parser::event_parser() : state_(std::make_unique<state>()) {}

event_parser::~event_parser() = default;

std::expected<event, event_error> event_parser::parse(padded_view body) {
  auto result = read(state_->whole, body);
  state_->whole.trim();
  return result;
}

} // namespace rollcall::api
