#pragma once

#include "rollcall/net/executor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <concepts>
#include <future>
#include <stdexcept>
#include <string>
#include <utility>

/// For tests with coroutines. The io_context belongs to the test, so what runs beside the coroutine under test (a
/// connection, a scripted peer) stays alive from one run() to the next:
///
///   boost::asio::io_context context;
///   auto n = support::run(context, [&]() -> net::task<int> { co_return co_await ...; });
///   support::drain(context); // at the end: nothing may be left running
namespace support {

namespace net = rollcall::net;

/// Runs `context` until the coroutine that `work` returns has finished; its result or exception. Throws when it has not
/// finished within `limit`, and as soon as it cannot finish because nothing is left to run.
template <std::invocable F>
auto run(net::asio::io_context& context, F work, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto end = net::steady_clock::now() + limit;
  context.restart();
  auto result = net::asio::co_spawn(context.get_executor(), std::move(work), net::asio::use_future);
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    context.run_one_until(end);
    if (net::steady_clock::now() >= end) {
      throw std::runtime_error("the coroutine did not finish in " + std::to_string(limit.count()) + " ms");
    }
    if (context.stopped() && result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      throw std::runtime_error("the coroutine waits for something that nobody will do");
    }
  }
  return result.get();
}

/// Runs what is left in `context`. Throws when it is still at work after `limit`.
inline void drain(net::asio::io_context& context, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  context.restart();
  context.run_for(limit);
  if (!context.stopped()) {
    throw std::runtime_error("something is left running");
  }
}

/// Waits until `condition()` is true, looking every two milliseconds. Throws when it is not within `limit`.
template <std::predicate P>
net::task<void> until(P condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  net::timer pause(co_await net::asio::this_coro::executor);
  const auto end = net::steady_clock::now() + limit;
  while (!condition()) {
    if (net::steady_clock::now() >= end) {
      throw std::runtime_error("the condition did not come true in " + std::to_string(limit.count()) + " ms");
    }
    pause.expires_after(std::chrono::milliseconds(2));
    co_await pause.async_wait(net::no_throw);
  }
}

} // namespace support
