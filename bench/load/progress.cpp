#include "load/progress.hpp"

#include "load/words.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace rollcall::load {

progress_lines::progress_lines(const plan& planned) : wanted_(!planned.quiet && ::isatty(STDERR_FILENO) == 1) {}

void progress_lines::show(const collector& results) {
  if (!wanted_) {
    return;
  }
  const auto now = results.latest(seen_);
  if (!now) {
    return;
  }
  ++seen_;
  const auto hits = hit_ratio(now->hits);
  fmt::print(stderr, "{:>4.0f} s  {:>9}/s  p50 {:>8}  p99 {:>8}  hits {:>7}  errors {}{}\n", now->t + 1,
             with_commas(now->requests), duration_text(now->p50_us), duration_text(now->p99_us),
             hits ? percent(*hits) : "-", now->errors, now->wrong > 0 ? fmt::format("  WRONG {}", now->wrong) : "");
}

} // namespace rollcall::load
