#pragma once

#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rollcall::cache {

/// Purges and suspicions in the order in which they came; what memory::stamp() tells.
using sequence = std::uint64_t;

/// Hashes of the wId and the room, as escaped, of an identity or of a scope. 0 in a scope: any; never in an identity.
/// Equal hashes need not mean equal parts.
struct scope_hash {
  explicit scope_hash(const identity_parts& parts) noexcept;
  explicit scope_hash(const scope& s) noexcept;

  [[nodiscard]] bool may_cover(const scope_hash& id) const noexcept {
    return (account == 0 || account == id.account) && (room == 0 || room == id.room);
  }
  /// Tells this scope from others, in a fence.
  [[nodiscard]] std::uint64_t key() const noexcept { return key_of(account, room); }
  /// The keys of all scopes that cover this identity.
  [[nodiscard]] std::array<std::uint64_t, 3> covering() const noexcept {
    return {key_of(account, 0), key_of(0, room), key_of(account, room)};
  }

  std::uint32_t account = 0;
  std::uint32_t room = 0;

private:
  static std::uint64_t key_of(std::uint32_t account, std::uint32_t room) noexcept {
    return std::uint64_t{account} << 32 | room;
  }
};

/// What happened last to which keys, in bounded space: when it is full, the oldest record makes room, and from then on
/// everything counts as having happened to every key when that did. So it may say yes for no reason, but never no
/// wrongly. Not thread-safe.
class fence {
public:
  /// Something happened to `key` at `at`, which is never 0. Need not be told in order.
  void note(std::uint64_t key, sequence at) noexcept;

  /// Whether something happened after `asked` to one of the keys.
  [[nodiscard]] bool any_since(sequence asked, std::span<const std::uint64_t> keys) const noexcept;

  static constexpr std::size_t most_records = 256;

private:
  struct record {
    std::uint64_t key = 0;
    sequence at = 0; ///< 0: free
  };

  sequence newest_ = 0;
  sequence floor_ = 0; ///< the newest of the records that made room
  std::array<record, most_records> records_;
};

} // namespace rollcall::cache
