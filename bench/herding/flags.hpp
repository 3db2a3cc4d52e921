#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace rollcall::herding {

struct flags {
  std::size_t askers = 500;
  std::size_t rounds = 20;
  std::size_t members = 4;
  std::chrono::microseconds delay = std::chrono::milliseconds(300);
  std::uint16_t port = 0;
  bool self = false;
};

/// The flags, or the exit status after --help or a mistake, which has then been explained.
std::variant<flags, int> parse_flags(int argc, char** argv);

} // namespace rollcall::herding
