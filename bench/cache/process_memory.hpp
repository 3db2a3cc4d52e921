#pragma once

#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace rollcall::cache_bench {

/// Bytes that malloc has given out, its headers included.
inline std::uint64_t heap_in_use() {
  const auto m = mallinfo2();
  return m.uordblks + m.hblkhd;
}

/// Bytes of this process that are in the machine's memory.
inline std::uint64_t resident() {
  std::uint64_t pages = 0;
  std::ifstream statm("/proc/self/statm");
  statm >> pages >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

} // namespace rollcall::cache_bench
