#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>

namespace rollcall::api {
namespace {

struct character {
  std::size_t size;
  bool valid;
};

struct byte_range {
  unsigned char low;
  unsigned char high;
};

constexpr byte_range continuation{0x80, 0xBF};

/// What the byte after `lead` may be: narrower than a continuation where it would begin an overlong form, a surrogate
/// or something above U+10FFFF (The Unicode Standard, table 3-7).
constexpr byte_range second_byte(unsigned char lead) {
  switch (lead) {
  case 0xE0:
    return {0xA0, 0xBF};
  case 0xED:
    return {0x80, 0x9F};
  case 0xF0:
    return {0x90, 0xBF};
  case 0xF4:
    return {0x80, 0x8F};
  default:
    return continuation;
  }
}

constexpr std::size_t sequence_size(unsigned char lead) {
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return 2;
  if (lead >= 0xE0 && lead <= 0xEF)
    return 3;
  if (lead >= 0xF0 && lead <= 0xF4)
    return 4;
  return 0;
}

/// The first character of a text that is not empty, or its maximal broken part.
constexpr character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = sequence_size(lead);
  if (size == 0)
    return {1, false};
  byte_range allowed = second_byte(lead);
  for (std::size_t i = 1; i < size; ++i) {
    if (i == text.size())
      return {i, false};
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < allowed.low || byte > allowed.high)
      return {i, false};
    allowed = continuation;
  }
  return {size, true};
}

/// Which bytes stand for themselves in JSON, whatever is around them.
constexpr auto plain_bytes = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte)
    plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

std::size_t plain_beginning(std::string_view text) {
  const auto special =
      std::ranges::find_if_not(text, [](char c) { return plain_bytes[static_cast<unsigned char>(c)]; });
  return static_cast<std::size_t>(special - text.begin());
}

void append_character(std::string& out, std::string_view c) {
  constexpr std::string_view hex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c[0]);
  if (byte == '"' || byte == '\\') {
    out += '\\';
    out += c;
  } else if (byte < 0x20) {
    out += "\\u00";
    out += hex[byte >> 4];
    out += hex[byte & 0xF];
  } else {
    out += c;
  }
}

constexpr std::size_t escape_size = 6; // \uXXXX

/// The code unit of an escape such as \ud83e at the front of `text`; nullopt when there is none.
std::optional<unsigned> escaped_unit(std::string_view text) {
  if (text.size() < escape_size || text[0] != '\\' || text[1] != 'u')
    return std::nullopt;
  unsigned unit = 0;
  const auto [end, failed] = std::from_chars(text.data() + 2, text.data() + escape_size, unit, 16);
  if (failed != std::errc{} || end != text.data() + escape_size)
    return std::nullopt;
  return unit;
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_high(unsigned unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

constexpr bool is_low(unsigned unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

} // namespace

bool mend_lone_surrogates(std::string& json) {
  bool mended = false;
  for (auto at = json.find('\\'); at != std::string::npos; at = json.find('\\', at)) {
    const auto unit = escaped_unit(std::string_view(json).substr(at));
    if (!unit) {
      at += 2; // any other escape, an escaped backslash among them
      continue;
    }
    if (is_high(*unit)) {
      const auto next = escaped_unit(std::string_view(json).substr(at + escape_size));
      if (next && is_low(*next)) {
        at += 2 * escape_size;
        continue;
      }
    }
    if (is_high(*unit) || is_low(*unit)) {
      json.replace(at, escape_size, "\\ufffd");
      mended = true;
    }
    at += escape_size;
  }
  return mended;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  out += '"';
  while (!text.empty()) {
    if (const auto plain = plain_beginning(text); plain > 0) {
      out += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    const character c = first_character(text);
    append_character(out, c.valid ? text.substr(0, c.size) : replacement);
    text.remove_prefix(c.size);
  }
  out += '"';
}

std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit)
    return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80)
    --limit;
  return text.substr(0, limit);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

} // namespace rollcall::api
