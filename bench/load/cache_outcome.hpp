#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rollcall::load {

/// Where an answer came from, as its Cache-Status field (RFC 9211) tells: `none` when there is no such field, or when
/// the request was not one to be cached.
enum class cache_outcome : std::uint8_t { memory, redis, stale, miss, none };
inline constexpr std::size_t cache_outcomes = 5;

std::string_view to_string(cache_outcome outcome) noexcept;

/// Reads the field's value. A hit that names no store counts as `memory`; one whose freshness is over as `stale`.
cache_outcome outcome_of(std::string_view cache_status) noexcept;

} // namespace rollcall::load
