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

void command::tell(waiter who, command_result what) {
  asio::post(where_, [who = std::move(who), what = std::move(what)]() mutable { std::move(who)(std::move(what)); });
}

void command::settle(command_result result) {
  if (settled_) {
    return;
  }
  settled_ = true;
  if (waiter_) {
    tell(std::move(waiter_), std::move(result));
  } else {
    outcome_.emplace(std::move(result));
  }
}

// No coroutine of its own: the waiter is given the result by who settles the command.
net::task<command_result> command::wait(std::shared_ptr<command> c) {
  auto attach = [](auto handler, const std::shared_ptr<command>& to) {
    waiter w(std::move(handler));
    if (to->outcome_) {
      return to->tell(std::move(w), std::move(*to->outcome_));
    }
    // Weak, because the slot lives in what the command holds.
    if (auto slot = w.get_cancellation_slot(); slot.is_connected()) {
      slot.assign([weak = std::weak_ptr(to)](asio::cancellation_type) {
        if (auto alive = weak.lock()) {
          alive->settle(std::unexpected(command_error::timed_out));
        }
      });
    }
    // Not by assignment: in Boost 1.81 that of any_completion_handler wraps its argument in itself, for ever.
    w.swap(to->waiter_);
  };
  constexpr asio::use_awaitable_t<net::executor> token;
  return asio::async_initiate<const asio::use_awaitable_t<net::executor>, void(command_result)>(std::move(attach),
                                                                                                token, std::move(c));
}

} // namespace rollcall::redis
