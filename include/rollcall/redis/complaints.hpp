#pragma once

#include "rollcall/net/executor.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace rollcall::redis {

/// Which troubles deserve a line in the log. A kind is worth one when it is met first, and again only after `pause`:
/// Redis may go wrong and right and wrong again with every request. What kinds there are is up to Redis, so only the
/// latest are remembered.
class complaints {
public:
  static constexpr std::chrono::seconds pause{60};
  static constexpr std::size_t kinds_most = 16;

  /// True when it is to be said now.
  bool is_news(std::string_view kind, net::steady_clock::time_point now);

private:
  struct complaint {
    std::string kind;
    net::steady_clock::time_point said;
  };
  std::deque<complaint> said_;
};

} // namespace rollcall::redis
