#include "proxy/mode.hpp"

#include "upstream/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace rollcall::proxy {
namespace {

using kind = mode::kind;

constexpr std::array<std::pair<std::string_view, kind>, 7> words{{{"pass", kind::pass},
                                                                  {"mute", kind::mute},
                                                                  {"delay", kind::delay},
                                                                  {"close", kind::close},
                                                                  {"refuse", kind::refuse},
                                                                  {"cut", kind::cut},
                                                                  {"garbage", kind::garbage}}};

std::optional<mode> with_value(kind what, std::string_view value) {
  if (what == kind::delay) {
    const auto delay = standin::parse_duration(value);
    return delay ? std::optional(mode{.what = what, .delay = *delay}) : std::nullopt;
  }
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
  const bool whole = error == std::errc() && end == value.data() + value.size();
  return whole ? std::optional(mode{.what = what, .bytes = bytes}) : std::nullopt;
}

} // namespace

std::optional<mode> parse_mode(std::string_view line) {
  const auto space = line.find(' ');
  const auto found = std::ranges::find(words, line.substr(0, space), &std::pair<std::string_view, kind>::first);
  if (found == words.end()) {
    return std::nullopt;
  }
  const auto what = found->second;
  const bool wants_value = what == kind::delay || what == kind::cut;
  if (wants_value != (space != std::string_view::npos)) {
    return std::nullopt;
  }
  return wants_value ? with_value(what, line.substr(space + 1)) : std::optional(mode{.what = what});
}

std::string to_text(const mode& of) {
  const auto word = std::ranges::find(words, of.what, &std::pair<std::string_view, kind>::second)->first;
  if (of.what == kind::delay) {
    return fmt::format("{} {}us", word, of.delay.count());
  }
  return of.what == kind::cut ? fmt::format("{} {}", word, of.bytes) : std::string(word);
}

} // namespace rollcall::proxy
