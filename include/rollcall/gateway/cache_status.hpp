#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/entry.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <optional>
#include <string_view>

namespace rollcall::gateway {

/// Field lines of a response, written in place: the hit path allocates nothing.
class field_lines {
public:
  /// Adds `v`'s shared fields, for which there is room.
  void add_shared(const cache::variant& v) noexcept {
    if (v.is_usual())
      append(cache::variant::usual_fields); // of a size that the compiler knows: no call
    else
      append(cache::variant::other_fields);
  }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
  friend field_lines hit_fields(const cache::entry&, cache::time_point, std::string_view);
  friend field_lines remembered_fields(cache::time_point, cache::time_point);
  friend struct forward_report;
  void append(std::string_view lines) noexcept {
    assert(lines.size() <= text_.size() - size_);
    std::ranges::copy(lines, text_.data() + size_);
    size_ += lines.size();
  }

  std::array<char, 320> text_;
  std::size_t size_ = 0;
};

/// `Age` and `Cache-Status: rollcall; hit; ttl=57; detail=memory` (RFC 9211) for an answer from a store. ttl is what is
/// left of its freshness and may be negative.
field_lines hit_fields(const cache::entry& e, cache::time_point now, std::string_view detail);

/// The same for a failure that is remembered since it was asked for at `asked_at`.
field_lines remembered_fields(cache::time_point asked_at, cache::time_point now);

/// Why a request went to the upstream (RFC 9211 section 2.2).
enum class forward_reason {
  none = 0, ///< it did not
  miss,     ///< nothing stored
  stale,    ///< something stored, no longer fresh
  bypass,   ///< not a request that is cached
  request,  ///< something stored, but the request wants it newer
};
std::string_view to_string(forward_reason r);

/// What is told of a request that went to the upstream.
struct forward_report {
  forward_reason reason = forward_reason::miss;
  /// The upstream's status; 0 when it gave none.
  unsigned status = 0;
  /// The answer was stored.
  bool stored = false;
  /// It was somebody else's request that went there, and this one waited for it (RFC 9211 section 2.6).
  bool collapsed = false;
  /// A word more, or "".
  std::string_view detail{};
  /// What was served is this stored entry all the same, stale: adds its Age and its (negative) ttl.
  const cache::entry* served = nullptr;

  [[nodiscard]] field_lines fields(cache::time_point now) const;
};

} // namespace rollcall::gateway
