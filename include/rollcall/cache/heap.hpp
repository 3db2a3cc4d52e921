#pragma once

#include <cstddef>

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

/// What give_heap_huge_pages() leaves out: to have 2 MiB cleared at a time holds a thread up for some half a
/// millisecond, and 5,000 clients that all begin a request at once have a young heap grow by 80 MB.
inline constexpr std::size_t plain_heap = std::size_t{128} << 20;

/// Has the kernel back the heap's next `bytes`, but for the first plain_heap, with pages of 2 MiB where it can
/// (transparent huge pages, unless they are switched off). To be called once, after keep_heap_dense() and before there
/// is a second thread. What nobody has touched takes no memory, but the heap never shrinks from then on. Where any of
/// it fails nothing is lost but the gain. Where the address space or the data of the process are limited (ulimit -v,
/// LimitAS, LimitDATA) it is not tried: what the heap reserves would be missing for all else, to begin with for the
/// stacks of threads.
///
/// A look-up among many lists touches memory that is in no cache of the processor's, and where in memory that is, is in
/// none either: one walk of the page tables for each of the pages. Of 100,000 lists a hit took 1.33 times of what it
/// takes of 1,000, with the whole heap on huge pages 1.22 to 1.28, and so 1.28 to 1.30 (`bench/scaling --only
/// identities`).
void give_heap_huge_pages(std::size_t bytes) noexcept;

} // namespace rollcall::cache
