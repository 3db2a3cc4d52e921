#include "rollcall/upstream/health.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace rollcall::upstream {

using std::chrono::milliseconds;

bool health::takes(time_point now) {
  if (!is_ejected())
    return true;
  const std::lock_guard lock(mutex_);
  return state_.takes(now);
}

void health::succeeded(time_point now) {
  if (!troubled_.load(std::memory_order_relaxed))
    return;
  const std::lock_guard lock(mutex_);
  troubled_ = false;
  ejected_ = false;
  if (state_.succeeded() == ejection::change::readmitted)
    spdlog::info("instance {} answers again, after {} ms", name_,
                 std::chrono::round<milliseconds>(now - out_since_).count());
  last_failure_.clear();
}

void health::failed(time_point now, std::string_view why, std::string_view detail, bool lasting) {
  const std::lock_guard lock(mutex_);
  troubled_ = true;
  auto text = detail.empty() ? std::string(why) : fmt::format("{}: {}", why, detail);
  const bool ejected = state_.failed(now) == ejection::change::ejected;
  if (ejected) {
    ejected_ = true;
    out_since_ = now;
    ++ejections_;
    spdlog::warn("instance {} is ejected after {} failures in a row, the last: {}; it is tried again every {} ms and "
                 "then more rarely, and meanwhile lists are answered stale or with an error at once",
                 name_, state_.failures(), text, state_.pause().count());
  } else if (lasting && text != last_failure_) {
    spdlog::warn("instance {}: {}", name_, text);
  }
  last_failure_ = std::move(text);
}

health::report health::now() const {
  const std::lock_guard lock(mutex_);
  return {.ejected = state_.is_out(),
          .failures = state_.failures(),
          .until = state_.until(),
          .ejections = ejections_,
          .last_failure = last_failure_};
}

} // namespace rollcall::upstream
