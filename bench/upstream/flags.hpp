#pragma once

#include "rollcall/net/executor.hpp"

#include "upstream/room.hpp"
#include "upstream/trouble.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace rollcall::standin {

struct flags {
  net::tcp::endpoint listen;
  std::size_t threads = 1;
  room_options rooms;
  trouble_options mishaps;
  bool quiet = false;
};

/// Reads "127.0.0.1:18081" or "[::1]:0"; only numeric addresses.
std::optional<net::tcp::endpoint> parse_endpoint(std::string_view text);

/// Reads "small", "mixed" or a number up to most_members.
std::optional<room_sizes> parse_sizes(std::string_view text);

/// The flags, or the exit status after --help or a mistake, which has then been explained.
std::variant<flags, int> parse_flags(int argc, char** argv);

} // namespace rollcall::standin
