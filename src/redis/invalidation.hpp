#pragma once

#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"
#include "rollcall/redis/reply.hpp"

#include "keys.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace rollcall::redis {

/// Where Redis tells clients of RESP2 which keys changed.
inline constexpr std::string_view invalidation_channel = "__redis__:invalidate";

/// What one message says, in the order in which it is told: who is woken by a lease finds the value already suspect.
struct invalidation {
  std::vector<cache::scope> purged;
  /// Anything may have changed besides: a flush, or a message that cannot be read as a whole.
  bool everything = false;
  std::vector<cache::identity> values;
  std::vector<cache::identity> leases;

  std::size_t keys = 0;
  /// Of the keys, those that are none of ours to understand.
  std::size_t foreign = 0;
};

/// nullopt when `r` is not a message of a channel, but the reply to a command.
std::optional<invalidation> read_invalidation(const reply& r, const keys& names);

} // namespace rollcall::redis
