#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"

#include <cstddef>
#include <string_view>

namespace rollcall::gateway {

/// The tasks of one lane that no client waits for: they are counted, so that a drain can wait for them, and one that
/// throws is logged, never lost. Used on the lane's thread only.
class background {
public:
  /// `running` is the gauge that shows how many there are.
  background(net::executor ex, ops::counter& running) : ex_(ex), running_(running) {}

  /// Starts `t`. `what` names it in the log and is a literal.
  void start(net::task<> t, std::string_view what);

  /// For a task that is no coroutine: counts it in, and out when it has ended.
  void begin() { running_.add(); }
  void end() { running_.subtract(); }

  [[nodiscard]] bool idle() const noexcept { return running_.get() == 0; }

private:
  net::executor ex_;
  ops::counter& running_;
};

} // namespace rollcall::gateway
