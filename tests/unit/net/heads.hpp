#pragma once

#include "rollcall/net/request_parser.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

/// Heads of requests, and what the parser makes of them.
namespace rollcall::test {

/// A sound request but for what is in `fields`.
inline std::string with_fields(std::string_view fields) {
  return fmt::format("POST /x HTTP/1.1\r\nHost: localhost\r\n{}\r\n", fields);
}

/// A sound request but for its first line.
inline std::string with_line(std::string_view line) {
  return fmt::format("{}\r\nHost: localhost\r\n\r\n", line);
}

/// "accepted", or the name of what is wrong.
inline std::string verdict(std::string_view bytes) {
  net::request_parser parser;
  const auto parsed = parser.parse_head(bytes);
  return parsed ? "accepted" : std::string(net::to_string(parsed.error()));
}

/// Bytes as a failed check should show them.
inline std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 300)) {
    const auto b = static_cast<unsigned char>(c);
    if (c == '\r')
      text += "\\r";
    else if (c == '\n')
      text += "\\n";
    else
      text += b < 0x20 || b >= 0x7f ? fmt::format("\\x{:02x}", b) : std::string(1, c);
  }
  return text;
}

struct attack {
  std::string bytes;
  net::framing_error why;
};

inline void check_refused(const std::vector<attack>& attacks) {
  for (const auto& [bytes, why] : attacks)
    BOOST_TEST(verdict(bytes) == to_string(why), verdict(bytes)
                                                     << ", should be " << to_string(why) << ": " << shown(bytes));
}

} // namespace rollcall::test
