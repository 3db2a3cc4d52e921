#include "rollcall/gateway/load.hpp"

namespace rollcall::gateway {

std::string_view label_of(overload why) {
  switch (why) {
  case overload::in_flight:
    return "in-flight";
  case overload::bytes:
    return "bytes";
  }
  return "";
}

std::string_view to_string(overload why) {
  switch (why) {
  case overload::in_flight:
    return "too many requests are under way, try again later";
  case overload::bytes:
    return "too much is waiting to be read, try again later";
  }
  return "";
}

std::expected<load::place, overload> load::enter() {
  auto why = overload::bytes;
  if (!bytes_.spent()) {
    if (under_way_.fetch_add(1, std::memory_order_relaxed) < most())
      return place(*this);
    under_way_.fetch_sub(1, std::memory_order_relaxed);
    why = overload::in_flight;
  }
  turned_away_[static_cast<std::size_t>(why) - 1].fetch_add(1, std::memory_order_relaxed);
  return std::unexpected(why);
}

} // namespace rollcall::gateway
