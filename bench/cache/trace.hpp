#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Eviction, replayed: which of the lists that were asked for would have been in a cache of a certain size.
namespace rollcall::cache_bench {

/// Who asks for what, in which order. Lists are numbered.
struct trace {
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> body; ///< of each list, in bytes
  std::uint32_t recurring = 0;     ///< lists from this number on are one-offs: asked for once, and never found
};

/// Lists that are asked for by Zipf's law, and others between them that are asked for once.
struct mixture {
  std::vector<std::uint32_t> body; ///< of the lists that recur, the most popular first
  std::uint32_t one_off_body = 0;
  std::size_t requests = 0; ///< for lists that recur
  double zipf = 0.9;
  double one_offs = 0; ///< their share of all requests
  std::uint64_t seed = 1;
};

/// Depends on its argument alone.
trace invent(const mixture& m);

/// The lists that an access log of the gateway tells of, with bodies for so many members each; 0: as many as the rooms
/// of rollcall-upstream have by default. Throws std::runtime_error.
trace read_trace(const std::string& access_log, std::size_t members, std::uint64_t seed);

/// About the size of a list of so many members.
std::uint32_t body_of(std::size_t members);

} // namespace rollcall::cache_bench
