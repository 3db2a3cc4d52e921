#include "upstream/json_text.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace rollcall::standin {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// Length of the valid multi-byte UTF-8 sequence at the front of `text`, or 0 (RFC 3629, section 4).
std::size_t utf8_sequence(std::string_view text) {
  const unsigned lead = byte_at(text, 0);
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  // Overlong forms, surrogates and what lies past U+10FFFF show in the second byte already.
  const unsigned lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte_at(text, 1) < lowest || byte_at(text, 1) > highest) {
    return 0;
  }
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(text, i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  return length;
}

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

} // namespace

void append_json(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool ascii = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    const std::size_t keep = ascii ? 1 : c >= 0x80 ? utf8_sequence(text.substr(i)) : 0;
    if (keep == 0) {
      out += text.substr(plain, i - plain);
      append_escaped(out, c);
      plain = i + 1;
    }
    i += keep == 0 ? 1 : keep;
  }
  out += text.substr(plain);
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

} // namespace rollcall::standin
