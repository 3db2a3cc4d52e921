#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace rollcall::standin {

/// What goes wrong with one call.
struct mishap {
  std::chrono::microseconds delay{0};
  bool http_error = false;
  bool failure = false;
};

struct trouble_options {
  std::uint64_t seed = 1;
  std::chrono::microseconds latency{0};
  std::chrono::microseconds jitter{0};
  double failure_rate = 0; ///< answers with the documented failure
  double error_rate = 0;   ///< answers with HTTP 500
};

/// Deals out mishaps. The n-th call of a run always gets the same one for the same options. Any thread may call.
class trouble {
public:
  explicit trouble(trouble_options options) : options_(options) {}

  mishap next();

private:
  const trouble_options options_;
  std::atomic<std::uint64_t> dealt_ = 0;
};

} // namespace rollcall::standin
