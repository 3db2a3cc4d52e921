#include "rollcall/redis/command.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <cassert>

namespace rollcall::redis {

namespace asio = net::asio;

std::string_view to_string(command_error e) {
  switch (e) {
  case command_error::unavailable:
    return "unavailable";
  case command_error::timed_out:
    return "timed_out";
  case command_error::closed:
    return "closed";
  case command_error::overloaded:
    return "overloaded";
  }
  assert(false);
  return "";
}

void command::settle(command_result result) {
  if (settled()) {
    return;
  }
  outcome_.emplace(std::move(result));
  if (waiter_) {
    asio::post(where_, [waiter = std::move(waiter_)]() mutable { std::move(waiter)(); });
  }
}

net::task<command_result> command::wait(std::shared_ptr<command> c) {
  constexpr asio::use_awaitable_t<net::executor> token;
  if (!c->settled()) {
    auto attach = [c](auto handler) {
      asio::any_completion_handler<void()> waiter(std::move(handler));
      // Weak, because the slot lives in what the command holds.
      if (auto slot = waiter.get_cancellation_slot(); slot.is_connected()) {
        slot.assign([weak = std::weak_ptr(c)](asio::cancellation_type) {
          if (auto alive = weak.lock()) {
            alive->settle(std::unexpected(command_error::timed_out));
          }
        });
      }
      // Not by assignment: in Boost 1.81 that of any_completion_handler wraps its argument in itself, for ever.
      waiter.swap(c->waiter_);
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<net::executor>, void()>(std::move(attach), token);
  }
  co_return std::move(*c->outcome_);
}

} // namespace rollcall::redis
