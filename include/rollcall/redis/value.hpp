#pragma once

#include "rollcall/cache/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace rollcall::redis {

/// Why bytes from Redis are not an entry that may be served.
enum class unfit {
  truncated = 1, ///< shorter than they claim, or longer
  bad_magic,
  other_layout_version,
  checksum,
  other_identity,
  bad_times,
  bad_content_type,
  bad_body,
  expired,
};
std::string_view to_string(unfit u);

/// Where the random version id stands in a value, so that a GETRANGE can tell one fetch from another without its body.
inline constexpr std::size_t version_offset = 8;
inline constexpr std::size_t version_size = 8;

/// What every value of the layout that we write begins with: magic and version.
inline constexpr std::string_view value_beginning = "RLCL\x02";
/// What tombstones begin with.
inline constexpr std::string_view tombstone_beginning = "RLCT";

/// What a purge leaves where there was a value, or could have been one. `version` is random: whoever compares versions
/// then finds another one.
std::string tombstone(std::uint64_t version);
bool is_tombstone(std::string_view bytes);

/// `version` as a value, or a tombstone, holds it at version_offset.
std::string version_bytes(std::uint64_t version);

/// Plain bodies larger than this are neither stored nor believed.
inline constexpr std::size_t body_most = std::size_t{16} << 20;

/// An entry as Redis keeps it; src/redis/README.md shows the layout. The gzip variant's body is stored where there is
/// one, and `took` up to 65,535 ms. Refuses what decode() would not give back, whatever the time.
std::expected<std::string, unfit> encode(const cache::entry& e);

/// The reverse, which believes nothing: an entry comes out only if every byte of `bytes` is accounted for, they are
/// about the identity that was asked for, and the entry may still be served at `now`. With a gzip body it has both
/// variants.
std::expected<cache::entry_ptr, unfit> decode(std::string_view bytes, const cache::identity& expected,
                                              cache::time_point now);

} // namespace rollcall::redis
