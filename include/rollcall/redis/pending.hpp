#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/command.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

namespace rollcall::redis {

/// The commands that one connection has sent and not yet seen the reply of, in that order. Replies carry no name:
/// the n-th reply belongs to the n-th command, so a command that nobody waits for any more keeps its place and swallows
/// its reply when that comes.
class pending {
public:
  using time_point = net::steady_clock::time_point;

  void push(std::shared_ptr<command> c, time_point now, time_point deadline);

  /// Gives `r` to the oldest command, or drops it when that one is settled. False when no command is under way: the
  /// peer is then not speaking the protocol.
  [[nodiscard]] bool take(reply r);

  /// Settles with timed_out those whose deadline is not after `now`; says how many. They keep their places.
  std::size_t expire(time_point now);

  /// Settles and forgets all: the connection is gone.
  void close(command_error why);

  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

  /// Whether somebody waits for the reply that comes next.
  [[nodiscard]] bool awaited() const noexcept;

  /// When the oldest command, settled or not, was sent; nullopt when none is under way.
  [[nodiscard]] std::optional<time_point> oldest() const;

  /// Not after the earliest deadline of an unsettled command. It may be earlier, when that command is settled by now:
  /// exact only after expire(), because keeping it exact would cost a search for every reply.
  [[nodiscard]] std::optional<time_point> earliest_deadline() const noexcept { return earliest_; }

private:
  struct slot {
    std::shared_ptr<command> who;
    time_point sent;
    time_point deadline;
  };
  std::deque<slot> slots_;
  std::optional<time_point> earliest_;
};

} // namespace rollcall::redis
