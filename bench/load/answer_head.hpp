#pragma once

#include "load/cache_outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall::load {

enum class progress : std::uint8_t { whole, partial, broken };

/// As much of a response's head as it takes to find its end and to count it.
struct answer_head {
  unsigned status = 0;
  std::size_t size = 0; ///< with the empty line
  std::size_t body = 0; ///< by Content-Length
  bool chunked = false;
  bool gzip = false;
  bool close = false;
  bool hit = false; ///< it says so itself, be the list fresh or stale: it was answered without asking the instance
  cache_outcome cache = cache_outcome::none;
};

/// Reads the head at the beginning of `bytes`. Broken: no HTTP/1.1 response, a head above 16 KiB, a body above 16 MiB,
/// or no way to tell where the body ends.
progress read_head(std::string_view bytes, answer_head& into);

/// Takes the chunked coding off the body at the beginning of `bytes`: `into` becomes the body and `taken` the number of
/// bytes it came in.
progress read_chunked(std::string_view bytes, std::string& into, std::size_t& taken);

inline constexpr std::size_t largest_head = 16 << 10;
inline constexpr std::size_t largest_body = 16 << 20;

} // namespace rollcall::load
