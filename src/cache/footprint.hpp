#pragma once

#include <cstddef>

namespace rollcall::cache {

/// From here on malloc gives a block a mapping of its own (keep_heap_dense() sees to it).
inline constexpr std::size_t mmap_threshold = std::size_t{128} * 1024;

/// What glibc's malloc takes from the system for a block of `n` bytes: a header of 8 bytes, rounded up to 16 and never
/// below 32; from mmap_threshold on whole pages.
constexpr std::size_t malloc_footprint(std::size_t n) {
  constexpr std::size_t page = 4096;
  if (n >= mmap_threshold)
    return (n + 16 + page - 1) / page * page;
  const auto chunk = (n + 8 + 15) / 16 * 16;
  return chunk < 32 ? 32 : chunk;
}

/// An object and the two counts that std::make_shared puts before it, in one block.
template <class T>
constexpr std::size_t shared_footprint() {
  return malloc_footprint(sizeof(T) + 2 * sizeof(void*));
}

} // namespace rollcall::cache
