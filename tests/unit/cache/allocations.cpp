#include "allocations.hpp"

#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

thread_local rollcall::test::allocations mine;

[[maybe_unused]] std::int64_t taken_by(void* p) noexcept {
  return static_cast<std::int64_t>(malloc_usable_size(p) + sizeof(void*));
}

} // namespace

namespace rollcall::test {

allocations allocations_of_this_thread() noexcept {
  return mine;
}

} // namespace rollcall::test

#ifndef ROLLCALL_TEST_KEEPS_OPERATOR_NEW

// Replaced for the whole test program (the standard allows it). The array forms as well: the address sanitizer's do not
// call the others.
void* operator new(std::size_t n) {
  void* const p = std::malloc(n == 0 ? 1 : n);
  if (p == nullptr)
    throw std::bad_alloc();
  ++mine.count;
  mine.held += taken_by(p);
  return p;
}

void operator delete(void* p) noexcept {
  if (p != nullptr)
    mine.held -= taken_by(p);
  std::free(p);
}

void operator delete(void* p, std::size_t) noexcept {
  operator delete(p);
}

void* operator new[](std::size_t n) {
  return operator new(n);
}

void operator delete[](void* p) noexcept {
  operator delete(p);
}

void operator delete[](void* p, std::size_t) noexcept {
  operator delete(p);
}

#endif
