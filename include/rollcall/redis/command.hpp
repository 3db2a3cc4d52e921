#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/reply.hpp"

#include <boost/asio/any_completion_handler.hpp>

#include <expected>
#include <memory>
#include <optional>
#include <string_view>

namespace rollcall::redis {

/// How a command can end without a reply.
enum class command_error {
  unavailable = 1, ///< no connection now; nothing was sent
  timed_out,       ///< the deadline passed, or the waiter was cancelled; Redis may still carry the command out
  closed,          ///< the connection ended with the command under way; Redis may have carried it out
  overloaded,      ///< the limit of commands under way is reached; nothing was sent
};
std::string_view to_string(command_error e);

/// What Redis said (its own errors are replies of kind error), or why it said nothing.
using command_result = std::expected<reply, command_error>;

/// A command under way, shared by the connection's queue and by whoever waits for it. It is settled once, by the first
/// of reply, deadline, cancellation and loss of the connection; what comes later is dropped.
class command {
public:
  explicit command(net::executor where) : where_(std::move(where)) {}

  [[nodiscard]] bool settled() const noexcept { return settled_; }

  /// Wakes the waiter by a post, never from within this call. Does nothing when settled already.
  void settle(command_result result);

  /// Waits until `c` is settled. Called at most once for a command; it may be settled before the task is awaited.
  static net::task<command_result> wait(std::shared_ptr<command> c);

private:
  using waiter = net::asio::any_completion_handler<void(command_result)>;
  void tell(waiter who, command_result what);

  net::executor where_;
  bool settled_ = false;
  std::optional<command_result> outcome_; ///< for as long as nobody waits for it
  waiter waiter_;
};

} // namespace rollcall::redis
