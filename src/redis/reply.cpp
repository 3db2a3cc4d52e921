#include "rollcall/redis/reply.hpp"

#include <cassert>

namespace rollcall::redis {

std::string_view to_string(reply::kind k) {
  switch (k) {
  case reply::kind::status:
    return "status";
  case reply::kind::error:
    return "error";
  case reply::kind::integer:
    return "integer";
  case reply::kind::nil:
    return "nil";
  case reply::kind::text:
    return "text";
  case reply::kind::array:
    return "array";
  }
  assert(false);
  return "";
}

std::string printable(std::string_view text) {
  constexpr std::size_t most = 160;
  std::string shown(text.substr(0, most));
  for (char& c : shown) {
    if (c < 0x20 || c > 0x7e) {
      c = '?';
    }
  }
  if (text.size() > most) {
    shown += "...";
  }
  return shown;
}

} // namespace rollcall::redis
