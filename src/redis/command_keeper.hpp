#pragma once

#include "rollcall/redis/breaker.hpp"
#include "rollcall/redis/connection.hpp"

#include "session_keeper.hpp"

namespace rollcall::redis {

/// The sessions of a connection, one after the other, and the breaker in front of them, which outlives each. Held by
/// the connection and by the tasks that it runs.
class command_keeper final : public session_keeper {
public:
  /// `stats` are shared with the sessions, whose last handlers may run after the connection is gone.
  command_keeper(const net::executor& where, deployment at, connection_options options,
                 std::shared_ptr<connection_stats> stats);

  void stop() override;

  std::expected<std::shared_ptr<command>, command_error> send(std::span<const std::string_view> args,
                                                              session::time_point deadline);

  /// Whatever the breaker says, and for nobody's benefit here.
  void send_after(std::span<const std::string_view> args);

  /// An error that the server answered, or one of its scripts caught.
  void met(trouble what);

  [[nodiscard]] bool usable() const noexcept { return current() && current()->ready() && !breaker_.open(); }
  using session_keeper::at;
  [[nodiscard]] const connection_stats& stats() const noexcept { return *stats_; }

private:
  class commands;

  std::shared_ptr<session> next_session(endpoint server) override;
  void came_up() override;
  void went_down() override;
  void failed() override { stats_->failures.add(); }

  // What the session of the moment tells.
  void replied(std::optional<trouble> error, bool in_time);
  void ran_out(std::size_t count, std::chrono::milliseconds late);

  void open(std::string_view why);
  void close();
  void tell_lost();
  static net::task<void> probe(std::shared_ptr<command_keeper> self);
  net::task<bool> is_well();

  net::executor where_;
  connection_options options_;
  breaker breaker_;
  net::timer probe_pause_;
  std::minstd_rand random_;
  std::shared_ptr<connection_stats> stats_;
};

} // namespace rollcall::redis
