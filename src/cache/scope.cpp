#include "rollcall/cache/scope.hpp"

#include "escape.hpp"

#include <cassert>

namespace rollcall::cache {

scope scope::of(std::string_view w_id, std::string_view room) {
  assert(!w_id.empty() || !room.empty());
  scope s;
  append_escaped(s.w_id_, w_id);
  append_escaped(s.room_, room);
  return s;
}

std::string scope::text() const {
  if (room_.empty())
    return "w:" + w_id_;
  if (w_id_.empty())
    return "r:" + room_;
  return "p:" + w_id_ + ':' + room_;
}

std::optional<scope> scope::from_text(std::string_view text) {
  if (text.size() < 3 || text[1] != ':')
    return std::nullopt;
  const auto rest = text.substr(2);
  scope s;
  if (text[0] == 'w') {
    s.w_id_ = rest;
  } else if (text[0] == 'r') {
    s.room_ = rest;
  } else if (text[0] == 'p') {
    const auto colon = rest.find(':');
    if (colon == 0 || colon >= rest.size() - 1) // npos included
      return std::nullopt;
    s.w_id_ = rest.substr(0, colon);
    s.room_ = rest.substr(colon + 1);
  } else {
    return std::nullopt;
  }
  if (!is_escaped(s.w_id_) || !is_escaped(s.room_))
    return std::nullopt;
  return s;
}

scope scope::widened() const {
  scope s = *this;
  if (!s.w_id_.empty())
    s.room_.clear();
  return s;
}

bool scope::covers(const identity& id) const noexcept {
  const auto p = id.parts();
  return (w_id_.empty() || w_id_ == p.w_id) && (room_.empty() || room_ == p.room);
}

} // namespace rollcall::cache
