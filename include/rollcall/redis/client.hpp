#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/command.hpp"
#include "rollcall/redis/trouble.hpp"

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rollcall::redis {

struct connection_options;
struct connection_stats;
struct deployment;

/// One thread's way to Redis, in whatever form Redis comes: keeps itself connected, and takes each command to the
/// server that has its key. Everything but stats() is called on its thread, or while that does not run.
class client {
public:
  virtual ~client() = default;

  /// Begins to connect, and to reconnect whenever a connection is lost. Called once.
  virtual void start() = 0;
  /// Ends everything for good: who waits gets `closed`, later commands get `unavailable`.
  virtual void stop() = 0;

  /// Whether asking is worth while at this moment.
  [[nodiscard]] virtual bool connected() const noexcept = 0;

  /// Sends a command whose keys are all in the slot of `key`. It is formatted before this returns, so neither `key` nor
  /// `args`, which is not empty, need outlive the call; commands of one turn of the loop leave in one write. The result
  /// is the reply, whatever it says, or why there is none, at the latest at `deadline`; while there is no connection
  /// that is `unavailable`, without a wait.
  ///
  /// Abandoning a command, by its deadline or by cancelling its waiter, never takes it back: Redis may carry it out,
  /// and its reply reaches nobody.
  [[nodiscard]] virtual net::task<command_result> run_for(std::string_view key, std::span<const std::string_view> args,
                                                          net::steady_clock::time_point deadline) = 0;
  [[nodiscard]] net::task<command_result> run_for(std::string_view key, std::initializer_list<std::string_view> args,
                                                  net::steady_clock::time_point deadline) {
    return run_for(key, std::span(args.begin(), args.size()), deadline);
  }

  /// Sends a command whose reply nobody wants, behind what was sent for `key` before, and even to a server that is not
  /// asked at the moment: a frozen one carries both out when it thaws, in this order. Without a connection, nothing.
  virtual void send_after(std::string_view key, std::span<const std::string_view> args) = 0;

  /// An error that a script caught at the server that has `key`, and handed on in its reply: it counts like one that
  /// the server answered.
  virtual void met(std::string_view key, trouble what) = 0;

  /// Who is asked, for messages: without user and password.
  [[nodiscard]] virtual std::string name() const = 0;
  /// Of all its connections together.
  [[nodiscard]] virtual const connection_stats& stats() const noexcept = 0;
};

/// The client for a form of Redis.
std::unique_ptr<client> make_client(const net::executor& where, const deployment& to,
                                    const connection_options& options);

} // namespace rollcall::redis
