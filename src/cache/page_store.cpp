#include "rollcall/cache/page_store.hpp"

#include "address_space.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace rollcall::cache {
namespace {

// Blocks of one size do not become blocks of another. What that loses are addresses: so many for each byte.
constexpr std::size_t addresses_for_a_byte = 4;

} // namespace

struct page_store::state {
  state() = default;
  state(const state&) = delete;
  ~state() {
    if (begin != nullptr)
      ::munmap(begin, size);
    if (file >= 0)
      ::close(file);
  }

  int file = -1;
  char* begin = nullptr;
  std::size_t size = 0;

  std::mutex mutex; // guards what follows
  std::size_t used = 0;
  struct blocks {
    std::vector<char*> free;
    std::size_t made = 0; // `free` has room for as many, so that giving back allocates nothing
  };
  std::array<blocks, most / page + 1> by_pages;

  char* take(std::size_t pages) {
    const std::lock_guard lock(mutex);
    auto& kind = by_pages[pages];
    if (!kind.free.empty()) {
      char* const block = kind.free.back();
      kind.free.pop_back();
      return block;
    }
    if (size - used < pages * page)
      return nullptr;
    if (kind.free.capacity() == kind.made)
      kind.free.reserve(2 * kind.made + 16);
    ++kind.made;
    return begin + std::exchange(used, used + pages * page);
  }

  void give_back(char* block, std::size_t pages) noexcept {
    const std::lock_guard lock(mutex);
    by_pages[pages].free.push_back(block);
  }
};

page_store::page_store() noexcept = default;
page_store::~page_store() = default;

page_store& page_store::instance() noexcept {
  alignas(page_store) static std::byte place[sizeof(page_store)];
  static page_store& the = *new (place) page_store;
  return the;
}

void page_store::open(std::size_t bytes) {
  auto made = std::make_unique<state>();
  const auto size = pages(bytes) * page * addresses_for_a_byte;
  if (size == 0 || is_limited(RLIMIT_AS))
    return;
  made->file = ::memfd_create("rollcall-bodies", MFD_CLOEXEC);
  if (made->file < 0 || ::ftruncate(made->file, static_cast<off_t>(size)) != 0)
    return;
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, made->file, 0);
  if (at == MAP_FAILED)
    return;
  made->begin = static_cast<char*>(at);
  made->size = size;
  // Of a page of 2 MiB a part cannot be taken out: it would be written to, with zeros. And cores need not hold lists.
  // (EINVAL: this kernel knows none.)
  if (::madvise(at, size, MADV_NOHUGEPAGE) != 0 && errno != EINVAL)
    return;
  ::madvise(at, size, MADV_DONTDUMP);
  state_ = std::move(made);
}

void* page_store::take(std::size_t bytes) noexcept {
  if (state_ == nullptr || bytes < least || bytes > most || footprint(bytes) > bytes + bytes / 10)
    return nullptr;
  char* block = nullptr;
  try {
    block = state_->take(pages(bytes));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  // All its pages at once, where the kernel can (Linux 5.14); and where it has none left we learn that here, instead of
  // by a signal. By the mapping, for which open() has ruled pages of 2 MiB out: a write to the file would take a
  // twentieth less for a whole miss, but may be given such pages where the system is set so.
  if (block != nullptr && ::madvise(block, footprint(bytes), MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
    give_back(block, bytes);
    return nullptr;
  }
  return block;
}

// A block whose pages could not be taken out is not used again: they may still be on their way to somebody.
void page_store::give_back(void* block, std::size_t bytes) noexcept {
  const auto at = place_of(block);
  if (::fallocate(at.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at.offset,
                  static_cast<off_t>(footprint(bytes))) == 0)
    state_->give_back(static_cast<char*>(block), pages(bytes));
}

file_place page_store::place_of(const void* at) const noexcept {
  return {state_->file, static_cast<const char*>(at) - state_->begin};
}

} // namespace rollcall::cache
