#pragma once

#include "rollcall/cache/entry.hpp"

#include "cache/trace.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace rollcall::cache_bench {

/// Of the requests for lists that recur, after a third of the trace has warmed the cache.
struct outcome {
  std::uint64_t asked = 0;
  std::uint64_t found = 0;

  [[nodiscard]] double hit_ratio() const { return static_cast<double>(found) / static_cast<double>(asked); }
  [[nodiscard]] double miss_ratio() const { return 1 - hit_ratio(); }
};

/// Makes entries as a gateway would keep them, each body of a size once only: what they cost is counted in full, but a
/// trace of many gigabytes can be replayed in little memory.
class entry_maker {
public:
  [[nodiscard]] cache::entry_ptr make(cache::identity id, std::uint32_t body);
  /// What that entry takes, beside what a cache adds to it.
  [[nodiscard]] std::size_t bytes(std::uint32_t body);

private:
  struct shape {
    cache::variant_ptr plain;
    cache::variant_ptr gzip;
    std::size_t bytes = 0;
  };
  const shape& shape_of(std::uint32_t body);
  std::map<std::uint32_t, shape> shapes_;
};

/// What all the lists that recur take together.
std::uint64_t footprint(const trace& t, entry_maker& entries);

/// The real cache::memory. The hashes of identities are seeded at random once a process, which moves the result by some
/// thousandths.
outcome replay_memory(const trace& t, std::size_t capacity, entry_maker& entries);

/// Least recently used, in as many bytes, with an index that costs nothing.
outcome replay_lru(const trace& t, std::size_t capacity, entry_maker& entries);

/// Belady's: pushes out what will not be asked for for the longest time, or does not take it at all. Nothing can do
/// better while all lists are of one size; when they are not it is a yardstick.
outcome replay_optimum(const trace& t, std::size_t capacity, entry_maker& entries);

} // namespace rollcall::cache_bench
