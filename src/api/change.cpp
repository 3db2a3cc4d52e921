#include "rollcall/api/change.hpp"

#include "document.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace rollcall::api {
namespace {

namespace dom = simdjson::dom;

/// The names that matter, those of the room in the order in which they count. The last one names people as well.
constexpr std::array<std::string_view, 5> names{"wId", "chatRoomId", "chatroom", "chatRoomWcId", "wcId"};
constexpr std::size_t first_room = 1;
constexpr std::size_t wc_id = 4;

using named_values = std::array<std::optional<dom::element>, names.size()>;

/// nullopt when a name occurs twice.
std::optional<named_values> values_of(dom::object object) {
  named_values values;
  for (const auto [name, value] : object) {
    const auto* const known = std::ranges::find(names, name);
    if (known == names.end())
      continue;
    auto& slot = values[static_cast<std::size_t>(known - names.begin())];
    if (slot)
      return std::nullopt;
    slot = value;
  }
  return values;
}

bool is_room_id(std::string_view text) {
  constexpr std::string_view suffix = "@chatroom";
  return text.size() >= suffix.size() && equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
}

std::optional<std::string> room_in(const named_values& values) {
  for (std::size_t i = first_room; i < values.size(); ++i)
    if (const auto text = values[i] ? text_of(*values[i]) : std::nullopt; text && (i != wc_id || is_room_id(*text)))
      return std::string(*text);
  return std::nullopt;
}

std::optional<change> read(document_parser& parser, padded_view body) {
  dom::element root;
  dom::object object;
  if (parser.parse_mended(body).get(root) != simdjson::SUCCESS || root.get(object) != simdjson::SUCCESS)
    return std::nullopt;
  const auto values = values_of(object);
  if (!values || !values->front())
    return std::nullopt;
  const auto w_id = text_of(*values->front());
  if (!w_id)
    return std::nullopt;
  return change{.w_id = std::string(*w_id), .room = room_in(*values)};
}

} // namespace

struct change_parser::state {
  document_parser whole;
};

change_parser::change_parser() : state_(std::make_unique<state>()) {}

change_parser::~change_parser() = default;

std::optional<change> change_parser::parse(padded_view body) {
  auto result = read(state_->whole, body);
  state_->whole.trim();
  return result;
}

} // namespace rollcall::api
