#include "keys.hpp"

#include <cstddef>
#include <initializer_list>

namespace rollcall::redis {
namespace {

constexpr std::string_view lease_ending = ":lease";
constexpr std::string_view signal_beginning = "purge:";

// By hand, because every look-up makes two of these: fmt takes three times as long.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto p : parts)
    size += p.size();
  std::string whole;
  whole.reserve(size);
  for (const auto p : parts)
    whole += p;
  return whole;
}

} // namespace

keys::keys(std::string name_space) : prefix_(std::move(name_space) + ':') {}

std::string keys::value(const cache::identity& id) const {
  return joined({prefix_, "{", id.text(), "}"});
}

std::string keys::lease(const cache::identity& id) const {
  return joined({prefix_, "{", id.text(), "}", lease_ending});
}

std::string keys::index_of_account(std::string_view w_id) const {
  return joined({prefix_, "w:", w_id});
}

std::string keys::index_of_room(std::string_view room) const {
  return joined({prefix_, "r:", room});
}

std::string keys::signal(const cache::scope& s) const {
  return joined({prefix_, signal_beginning, s.text()});
}

parsed_key keys::parse(std::string_view key) const {
  if (!key.starts_with(prefix_))
    return foreign_key{};
  auto rest = key.substr(prefix_.size());
  if (rest.starts_with('{')) {
    const auto close = rest.find('}');
    if (close == std::string_view::npos)
      return foreign_key{};
    auto id = cache::identity::from_text(rest.substr(1, close - 1));
    const auto ending = rest.substr(close + 1);
    if (id && ending.empty())
      return value_key{std::move(*id)};
    if (id && ending == lease_ending)
      return lease_key{std::move(*id)};
    return foreign_key{};
  }
  if (rest.starts_with(signal_beginning)) {
    auto s = cache::scope::from_text(rest.substr(signal_beginning.size()));
    return s ? parsed_key(signal_key{std::move(*s)}) : foreign_key{};
  }
  if (rest.starts_with("w:") || rest.starts_with("r:"))
    return index_key{};
  return foreign_key{};
}

} // namespace rollcall::redis
