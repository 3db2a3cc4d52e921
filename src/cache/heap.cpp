#include "rollcall/cache/heap.hpp"

#include "address_space.hpp"
#include "footprint.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define ROLLCALL_MALLOC_IS_GLIBCS
#endif

namespace rollcall::cache {

void keep_heap_dense() noexcept {
#ifdef ROLLCALL_MALLOC_IS_GLIBCS
  mallopt(M_ARENA_MAX, 1);
  // The value is the one that malloc begins with; naming it keeps it from growing to that of the largest block freed.
  mallopt(M_MMAP_THRESHOLD, static_cast<int>(mmap_threshold));
#endif
}

// The kernel takes the advice for what is mapped by then, so the heap grows to its size at once: into what nobody has
// touched, and so takes no memory yet. A block that has to come from the heap and is freed again does that; and the
// heap must not shrink meanwhile, or later.
void give_heap_huge_pages(std::size_t bytes) noexcept {
#ifdef ROLLCALL_MALLOC_IS_GLIBCS
  if (is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA))
    return;
  constexpr std::size_t huge = std::size_t{2} << 20;
  constexpr int mappings_most = 65'536; // what malloc begins with
  if (bytes <= plain_heap)
    return;
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_MMAP_MAX, 0);
  void* const block = std::malloc(bytes);
  mallopt(M_MMAP_MAX, mappings_most);
  void* begin = block ? static_cast<char*>(block) + plain_heap : nullptr;
  auto rest = bytes - plain_heap;
  if (begin && std::align(huge, huge, begin, rest))
    madvise(begin, rest / huge * huge, MADV_HUGEPAGE);
  std::free(block);
#else
  static_cast<void>(bytes);
#endif
}

} // namespace rollcall::cache
