#include "load/flags.hpp"
#include "upstream/duration.hpp"

#include <algorithm>
#include <charconv>

namespace rollcall::load {
namespace {

bool read_number(std::string_view text, std::size_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

} // namespace

std::optional<herd_plan> parse_herd(std::string_view text) {
  herd_plan read;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.starts_with("every=")) {
      const auto every = standin::parse_duration(part.substr(6));
      if (!every || *every < std::chrono::milliseconds(10)) {
        return std::nullopt;
      }
      read.every = *every;
    } else if (!part.starts_with("askers=") || !read_number(part.substr(7), read.askers) || read.askers == 0 ||
               read.askers > most_connections) {
      return std::nullopt;
    }
  }
  return read;
}

std::optional<members_wanted> parse_members(std::string_view text) {
  using kind = standin::room_sizes::kind;
  members_wanted read;
  if (text == "mixed" || text == "small") {
    read.rooms.how = text == "mixed" ? kind::mixed : kind::small;
    return read;
  }
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    const bool numbers = read_number(text.substr(0, dash), read.least) && read_number(text.substr(dash + 1), read.most);
    const bool possible = read.least >= 1 && read.least <= read.most && read.most <= standin::most_members;
    return numbers && possible ? std::optional(read) : std::nullopt;
  }
  read.rooms.how = kind::fixed;
  const bool possible = read_number(text, read.rooms.fixed) && read.rooms.fixed <= standin::most_members;
  return possible ? std::optional(read) : std::nullopt;
}

} // namespace rollcall::load
