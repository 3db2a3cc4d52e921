#include "rollcall/ops/open_files.hpp"

#include <sys/resource.h>

#include <limits>

namespace rollcall::ops {

std::size_t open_files_most() noexcept {
  rlimit l{};
  if (::getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<int>::max();
  return l.rlim_cur;
}

void raise_open_files() noexcept {
  rlimit l{};
  if (::getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == l.rlim_max)
    return;
  l.rlim_cur = l.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &l); // what it comes to is asked for later
}

} // namespace rollcall::ops
