#include "rollcall/api/event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rollcall::api {
namespace {

constexpr std::string_view went_offline = "4";
constexpr std::array<std::string_view, 2> somebody_joined{"85008", "85009"};

} // namespace

std::string_view to_string(event_effect e) {
  switch (e) {
  case event_effect::none:
    return "none";
  case event_effect::drop_room:
    return "drop_room";
  case event_effect::drop_account:
    return "drop_account";
  case event_effect::compare_count:
    return "compare_count";
  }
  return "unknown";
}

std::string_view to_string(event_error e) {
  switch (e) {
  case event_error::not_json:
    return "the body is not one valid JSON document in UTF-8";
  case event_error::not_an_object:
    return "the body is not a JSON object";
  case event_error::missing_type:
    return "messageType is missing, or neither an integer nor a string that says something";
  }
  return "unknown";
}

event_effect effect_of(const event& e) {
  if (e.type == went_offline)
    return e.w_id.empty() ? event_effect::none : event_effect::drop_account;
  if (std::ranges::find(somebody_joined, e.type) != somebody_joined.end())
    return e.w_id.empty() || !e.room ? event_effect::none : event_effect::drop_room;
  return e.room && e.member_count ? event_effect::compare_count : event_effect::none;
}

std::string repeat_key(const event& e) {
  if (e.message_id.empty())
    return {};
  return fmt::format("{}:{}{}:{}{}", e.w_id.size(), e.w_id, e.type.size(), e.type, e.message_id);
}

} // namespace rollcall::api
