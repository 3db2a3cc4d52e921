#include "upstream/trouble.hpp"

#include "upstream/random.hpp"

#include <algorithm>
#include <cstdint>

namespace rollcall::standin {

mishap trouble::next() {
  random_source random(seed_from(options_.seed, dealt_.fetch_add(1, std::memory_order_relaxed)));
  mishap one;
  one.http_error = random.chance(options_.error_rate);
  one.failure = random.chance(options_.failure_rate);
  const auto swing = (2 * random.unit() - 1) * static_cast<double>(options_.jitter.count());
  const auto delay = options_.latency + std::chrono::microseconds(static_cast<std::int64_t>(swing));
  one.delay = std::max(delay, std::chrono::microseconds(0));
  return one;
}

} // namespace rollcall::standin
