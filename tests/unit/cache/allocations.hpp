#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall::test {

/// The thread sanitizer brings an operator new that cannot be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ROLLCALL_TEST_KEEPS_OPERATOR_NEW
#endif
#endif
#ifdef ROLLCALL_TEST_KEEPS_OPERATOR_NEW
inline constexpr bool allocations_are_counted = false;
#else
inline constexpr bool allocations_are_counted = true;
#endif

/// What this thread has asked of operator new: how often, and the bytes it holds (malloc's rounding and header
/// included, as far as malloc tells).
struct allocations {
  std::uint64_t count = 0;
  std::int64_t held = 0;
};

allocations allocations_of_this_thread() noexcept;

} // namespace rollcall::test
