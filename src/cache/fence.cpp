#include "fence.hpp"

#include <algorithm>
#include <string_view>

namespace rollcall::cache {
namespace {

std::uint32_t part_hash(std::string_view part) noexcept {
  return std::max(static_cast<std::uint32_t>(identity_hash(part)), std::uint32_t{1});
}

} // namespace

scope_hash::scope_hash(const identity_parts& parts) noexcept
    : account(part_hash(parts.w_id)), room(part_hash(parts.room)) {}

scope_hash::scope_hash(const scope& s) noexcept
    : account(s.w_id().empty() ? 0 : part_hash(s.w_id())), room(s.room().empty() ? 0 : part_hash(s.room())) {}

void fence::note(std::uint64_t key, sequence at) noexcept {
  record* pick = records_.data();
  for (record& r : records_) {
    if (r.key == key && r.at != 0) {
      pick = &r;
      break;
    }
    if (r.at < pick->at)
      pick = &r;
  }
  if (pick->key != key) {
    floor_ = std::max(floor_, pick->at);
    *pick = {.key = key, .at = at};
  }
  pick->at = std::max(pick->at, at);
  newest_ = std::max(newest_, at);
}

bool fence::any_since(sequence asked, std::span<const std::uint64_t> keys) const noexcept {
  if (asked >= newest_)
    return false;
  return asked < floor_ ||
         std::ranges::any_of(
             records_, [&](const record& r) { return r.at > asked && std::ranges::find(keys, r.key) != keys.end(); });
}

} // namespace rollcall::cache
