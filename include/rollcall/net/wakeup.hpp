#pragma once

#include "rollcall/net/executor.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <utility>

namespace rollcall::net {

/// Lets one coroutine wait until somebody on its thread tells it to go on. What it waits for it looks at itself, before
/// and after: a notify() that nobody waits for is forgotten.
class wakeup {
public:
  task<> wait() {
    return asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(
        [this](auto&& handler) { waiter_ = std::forward<decltype(handler)>(handler); },
        asio::use_awaitable_t<executor>{});
  }

  /// The coroutine goes on in a later turn of the loop.
  void notify(const executor& ex) {
    if (waiter_)
      asio::post(ex, std::exchange(waiter_, nullptr));
  }

private:
  std::move_only_function<void()> waiter_;
};

} // namespace rollcall::net
