#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/redis/breaker.hpp"
#include "rollcall/redis/client.hpp"
#include "rollcall/redis/command.hpp"
#include "rollcall/redis/endpoint.hpp"
#include "rollcall/redis/reply.hpp"
#include "rollcall/redis/trouble.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace rollcall::redis {

class command_keeper;

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
  /// Commands usually have so much time. Probes do, and a command that had less than half of it and got no reply says
  /// nothing about Redis.
  std::chrono::milliseconds patience{50};
  /// What is read to see whether Redis is worth asking again; PING when it is empty.
  std::string probe_key = {};
  breaker_options breaker = {};
  /// Called on the thread of the connection when it has become no use: who waits for something that Redis was to tell
  /// waits in vain. Neither throws nor calls back.
  std::function<void()> lost = {};
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
  ops::counter open;            ///< gauge: breakers that are open, so that nothing is sent but probes
  ops::counter openings;        ///< times that it opened
  ops::counter probes;          ///< sent while it was open
  /// Errors that Redis answered, by trouble, of which the first is 1.
  std::array<ops::counter, troubles> errors;
};

/// One connection to Redis that keeps itself connected, and asks nothing of a server that does not answer in time or
/// has nothing better than an error for anybody (breaker.hpp), but for a probe now and then. It belongs to one thread:
/// everything but stats() is called on the executor's thread, or while that does not run.
///
/// What its handlers need they share and hold, so it may be destroyed at any time after stop() (the destructor calls
/// it); but it must be destroyed before the io_context, as the handlers of those whom stop() woke are queued there.
class connection final : public client {
public:
  /// `at` is of the form `single`, or `sentinel` with a watch: then it is connected to whoever is the master.
  /// Connections of one thread may share `stats`.
  connection(const net::executor& where, deployment at, connection_options options = {},
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

  void send_after(std::string_view, std::span<const std::string_view> args) override;
  void met(std::string_view key, trouble what) override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] const connection_stats& stats() const noexcept override;

private:
  std::shared_ptr<command_keeper> keeper_;
};

} // namespace rollcall::redis
