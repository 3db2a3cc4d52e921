#pragma once

namespace rollcall::cache {

/// Has malloc keep the memory of a process that is mostly a cache close together: one arena for all threads, and whole
/// mappings, which go back to the system when they are freed, for blocks of 128 KiB and more, whatever has been freed
/// before. To be called before there is a second thread.
///
/// With glibc's defaults, entries that one thread made and another one pushed out leave holes that only the first can
/// fill: after a million insertions of mixed sizes by four threads the process takes 2.6 times the cache's capacity;
/// so, 1.1 times (`rollcall-cache space`). The price is one lock for what threads allocate beyond their own caches of
/// small blocks; a hit allocates nothing. For the rest it is small: a loop of nothing but what misses allocate (40
/// small blocks and 5 of 2 to 50 KB each, in a full heap) took 3.1 to 3.4 microseconds a miss on two threads and two
/// cores, and 3.6 to 4.1 with malloc's own choice, which has more memory to go through. Does nothing where malloc is
/// not glibc's.
void keep_heap_dense() noexcept;

} // namespace rollcall::cache
