#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// What rollcall-cache does. Each prints its result and throws std::exception when it cannot.
namespace rollcall::cache_bench {

struct evict_options {
  std::string replay; ///< an access log; empty: the invented trace
  std::size_t rooms = 100'000;
  std::size_t requests = 1'000'000;
  std::size_t members = 40; ///< 0: mixed
  double zipf = 0.9;
  std::uint64_t seed = 1;
};
void evict(const evict_options& o);

struct space_options {
  std::size_t rooms = 100'000;
  std::size_t members = 40;
  std::size_t insertions = 1'000'000;
  unsigned threads = 4;
};
/// False when, in the end, the process has grown by more than the capacity, a sixth of it, and 16 MiB; or when the
/// rooms did not fit.
bool space(const space_options& o);

struct turns_options {
  std::size_t capacity = std::size_t{256} << 20;
  std::size_t insertions = 200'000;
};
void turns(const turns_options& o);

struct finds_options {
  std::size_t most = 1'000'000;
  std::size_t rounds = 5;
};
void finds(const finds_options& o);

} // namespace rollcall::cache_bench
