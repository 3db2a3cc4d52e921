#pragma once

#include <sys/resource.h>

namespace rollcall::cache {

/// Whether what is set apart counts against a limit of this process even if it is not used, as the stacks of threads do
/// (ulimit -v, LimitAS, LimitDATA): then what one takes is missing for all else.
inline bool is_limited(__rlimit_resource what) noexcept {
  rlimit now{};
  return getrlimit(what, &now) != 0 || now.rlim_cur != RLIM_INFINITY;
}

} // namespace rollcall::cache
