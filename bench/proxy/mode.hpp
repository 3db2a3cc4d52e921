#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::proxy {

/// What the proxy does with connections and with what they carry.
struct mode {
  enum class kind : std::uint8_t {
    pass,    ///< everything on, at once
    mute,    ///< accepts and reads, passes nothing on
    delay,   ///< everything on, so much later, each way
    close,   ///< resets every connection, and new ones as soon as they are accepted
    refuse,  ///< resets every connection and does not listen
    cut,     ///< resets each connection after so many more bytes toward the client
    garbage, ///< as many random bytes toward the client as it would have been sent
  } what = kind::pass;
  std::chrono::microseconds delay{0};
  std::uint64_t bytes = 0;

  friend bool operator==(const mode&, const mode&) = default;
};

/// Reads "pass", "mute", "delay 500ms", "close", "refuse", "cut 1000" or "garbage".
std::optional<mode> parse_mode(std::string_view line);

/// What parse_mode() reads.
std::string to_text(const mode& of);

} // namespace rollcall::proxy
