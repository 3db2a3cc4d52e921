#pragma once

#include "rollcall/api/query.hpp"

#include <simdjson.h>

#include <optional>
#include <string_view>

namespace rollcall::api {

/// The fields that a body of ours may have, whichever rules then apply to them.
struct known_fields {
  std::optional<simdjson::dom::element> w_id;
  std::optional<simdjson::dom::element> wc_id;
  std::optional<simdjson::dom::element> chat_room_id;
  bool repeated = false;
  bool others = false;

  explicit known_fields(simdjson::dom::object object) {
    for (const auto [name, value] : object) {
      auto* const known = slot(name);
      if (known == nullptr)
        others = true;
      else if (known->has_value())
        repeated = true;
      else
        *known = value;
    }
  }

private:
  std::optional<simdjson::dom::element>* slot(std::string_view name) {
    if (name == "wId")
      return &w_id;
    if (name == to_string(room_field::wcId))
      return &wc_id;
    if (name == to_string(room_field::chatRoomId))
      return &chat_room_id;
    return nullptr;
  }
};

} // namespace rollcall::api
