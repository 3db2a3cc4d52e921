#pragma once

#include "load/catalogue.hpp"
#include "upstream/room.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::load {

/// A request as the gateway's access log tells it. What was in its body is known on the cached route only.
struct logged_request {
  std::string method;
  std::string path;
  bool list = false;
  std::string token; ///< its fingerprint, in the place of the credential; empty: it had none
  std::string field; ///< wcId or chatRoomId
  std::string w_id;
  std::string room;
};

/// Reads `TIME METHOD PATH STATUS TOOKms RESULT KEY`; nothing for a line that is no such thing.
std::optional<logged_request> read_log_line(std::string_view line);

/// Adds the requests of a file, each once, and returns their numbers in the order of the log. Lists are verified
/// against the stand-in's rooms; other calls are asked with an empty object, and any answer will do. Throws
/// std::runtime_error.
std::vector<std::uint32_t> read_log(catalogue& into, const std::string& file, std::uint64_t seed,
                                    standin::room_sizes sizes, bool verify);

} // namespace rollcall::load
