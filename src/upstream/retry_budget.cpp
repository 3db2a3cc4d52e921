#include "rollcall/upstream/retry_budget.hpp"

#include <algorithm>

namespace rollcall::upstream {

retry_budget::second& retry_budget::at(time_point now) {
  const auto which = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  auto& s = ring_[static_cast<std::size_t>(which % seconds_kept)];
  if (s.which != which)
    s = {which, 0, 0};
  return s;
}

void retry_budget::deposit(time_point now) {
  ++at(now).calls;
}

bool retry_budget::withdraw(time_point now) {
  auto& current = at(now);
  std::uint64_t calls = 0;
  std::uint64_t retries = 0;
  for (const auto& s : ring_)
    if (s.which > current.which - seconds_kept) {
      calls += s.calls;
      retries += s.retries;
    }
  const auto most = std::max(static_cast<double>(least_a_second_ * seconds_kept), share_ * static_cast<double>(calls));
  if (share_ == 0 || static_cast<double>(retries + 1) > most)
    return false;
  ++current.retries;
  return true;
}

bool is_worth_repeating(failure f) {
  return f == failure::unreachable || f == failure::unanswered;
}

bool is_worth_repeating(unsigned status) {
  return status == 502;
}

} // namespace rollcall::upstream
