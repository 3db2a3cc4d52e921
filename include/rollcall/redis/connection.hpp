#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/redis/client.hpp"
#include "rollcall/redis/command.hpp"
#include "rollcall/redis/endpoint.hpp"
#include "rollcall/redis/reply.hpp"

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rollcall::redis {

struct connection_options {
  /// For one attempt: resolving, connecting, AUTH, SELECT and a first PING together.
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds backoff_first{50};
  std::chrono::milliseconds backoff_most{2000};
  /// Commands under way, abandoned ones included.
  std::size_t pending_most = 4096;
  /// Bytes of commands that the socket has not taken yet.
  std::size_t output_most = std::size_t{64} << 20;
  /// Bytes of one reply; a peer that sends more is not believed any longer.
  std::size_t reply_most = std::size_t{64} << 20;
  /// A connection whose oldest command has waited this long is replaced.
  std::chrono::milliseconds overdue{1000};
};

/// Counters of one connection, or of several of one thread, written by that thread and read by any.
struct connection_stats {
  ops::counter connects;        ///< times Redis was reached and let us in
  ops::counter failures;        ///< attempts that were not
  ops::counter commands;        ///< put into the output
  ops::counter refusals;        ///< not put there: the limits were reached
  ops::counter timeouts;        ///< abandoned at their deadline
  ops::counter replaced;        ///< connections that we ended: overdue or not speaking the protocol
  ops::counter protocol_errors; ///< those of the second kind
  ops::counter writes;          ///< system calls' worth of output: one a loop turn, however many commands
  ops::counter pending;         ///< gauge: commands under way, abandoned ones included
  ops::counter up;              ///< gauge: connections that are up
};

/// One connection to Redis that keeps itself connected. It belongs to one thread: everything but stats() is called on
/// the executor's thread, or while that does not run.
///
/// What its handlers need they share and hold, so it may be destroyed at any time after stop() (the destructor calls
/// it); but it must be destroyed before the io_context, as the handlers of those whom stop() woke are queued there.
class connection final : public client {
public:
  /// Connections of one thread may share `stats`.
  connection(const net::executor& where, endpoint server, connection_options options = {},
             std::shared_ptr<connection_stats> stats = std::make_shared<connection_stats>());
  ~connection() override;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void start() override;
  /// An io_context then runs out of work, at once unless a name is being resolved, which nothing can interrupt.
  void stop() override;

  [[nodiscard]] bool connected() const noexcept override;

  /// As run_for(): one server has every key.
  [[nodiscard]] net::task<command_result> run(std::span<const std::string_view> args,
                                              net::steady_clock::time_point deadline);
  [[nodiscard]] net::task<command_result> run(std::initializer_list<std::string_view> args,
                                              net::steady_clock::time_point deadline) {
    return run(std::span(args.begin(), args.size()), deadline);
  }

  using client::run_for;
  [[nodiscard]] net::task<command_result> run_for(std::string_view, std::span<const std::string_view> args,
                                                  net::steady_clock::time_point deadline) override {
    return run(args, deadline);
  }

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] const connection_stats& stats() const noexcept override;

private:
  class keeper;
  std::shared_ptr<keeper> keeper_;
};

} // namespace rollcall::redis
