#include "rollcall/cache/heap.hpp"

#include "footprint.hpp"

#include <malloc.h>

namespace rollcall::cache {

void keep_heap_dense() noexcept {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
  // The value is the one that malloc begins with; naming it keeps it from growing to that of the largest block freed.
  mallopt(M_MMAP_THRESHOLD, static_cast<int>(mmap_threshold));
#endif
}

} // namespace rollcall::cache
