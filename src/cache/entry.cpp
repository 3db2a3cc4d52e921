#include "rollcall/cache/entry.hpp"

#include "footprint.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace rollcall::cache {
namespace {

/// RFC 9110 section 5.5: visible bytes, space, tab, and obs-text.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

std::size_t footprint(const variant* v) {
  return v == nullptr ? 0 : shared_footprint<variant>() + string_footprint(v->capacity());
}

} // namespace

variant::variant(std::string_view content_type, std::string_view coding, std::string_view body) {
  constexpr std::string_view type_name = "Content-Type: ";
  constexpr std::string_view coding_name = "Content-Encoding: ";
  constexpr std::string_view length_name = "Content-Length: ";
  constexpr std::string_view line_end = "\r\n";
  constexpr std::string_view rest = "\r\nVary: Accept-Encoding\r\n\r\n";

  std::array<char, 20> digits;
  const auto [end, _] = std::to_chars(digits.begin(), digits.end(), body.size());
  const std::string_view length(digits.begin(), end);
  if (!is_field_value(content_type))
    content_type = {};

  head_ = length_name.size() + length.size() + rest.size();
  if (!content_type.empty())
    head_ += type_name.size() + content_type.size() + line_end.size();
  if (!coding.empty())
    head_ += coding_name.size() + coding.size() + line_end.size();

  // Exactly once and exactly enough: these bytes are most of what the memory cache holds.
  bytes_.reserve(head_ + body.size());
  if (!content_type.empty())
    bytes_.append(type_name).append(content_type).append(line_end);
  if (!coding.empty())
    bytes_.append(coding_name).append(coding).append(line_end);
  bytes_.append(length_name).append(length).append(rest).append(body);
}

std::size_t entry::bytes() const noexcept {
  return shared_footprint<entry>() + string_footprint(id.capacity()) + string_footprint(content_type.capacity()) +
         footprint(plain.get()) + footprint(gzip.get());
}

} // namespace rollcall::cache
