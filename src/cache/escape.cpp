#include "escape.hpp"

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

void append_escaped(std::string& to, std::string_view part) {
  const char* from = part.data();
  const char* const end = from + part.size();
  for (;;) {
    const char* stop = from;
    while (stop != end && is_raw(*stop))
      ++stop;
    to.append(from, stop);
    if (stop == end)
      return;
    const auto byte = static_cast<unsigned char>(*stop);
    const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
    to.append(escape, sizeof escape);
    from = stop + 1;
  }
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
