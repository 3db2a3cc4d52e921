#include "escape.hpp"

#include <algorithm>
#include <array>

namespace rollcall::cache {
namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

constexpr auto raw = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr bool is_raw(char c) {
  return raw[static_cast<unsigned char>(c)];
}

} // namespace

// Nearly always there is nothing to escape: a loop without branches finds out, and one copy does the rest.
std::size_t escaped_size(std::string_view part) noexcept {
  std::size_t escapes = 0;
  for (const char c : part)
    escapes += is_raw(c) ? 0 : 1;
  return part.size() + 2 * escapes;
}

char* put_escaped(char* to, std::string_view part, std::size_t size) noexcept {
  if (size == part.size())
    return std::copy_n(part.data(), size, to);
  for (const char c : part) {
    if (is_raw(c)) {
      *to++ = c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    *to++ = '%';
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  return to;
}

void append_escaped(std::string& to, std::string_view part) {
  const auto size = escaped_size(part);
  const auto from = to.size();
  to.resize(from + size);
  put_escaped(to.data() + from, part, size);
}

bool is_escaped(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_raw(text[i]))
      continue;
    if (text[i] != '%' || text.size() - i < 3)
      return false;
    const auto high = digits.find(text[i + 1]);
    const auto low = digits.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos || is_raw(static_cast<char>(high << 4 | low)))
      return false;
    i += 2;
  }
  return true;
}

} // namespace rollcall::cache
