#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/backoff.hpp"

#include "session.hpp"

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace rollcall::redis {

/// Follows one session with the next: connects, backs off, and logs each change once. What the sessions are for, and
/// who is told and counts, is the heirs' matter. Held by its owner and by the task that it runs; one thread.
class session_keeper : public std::enable_shared_from_this<session_keeper> {
public:
  virtual ~session_keeper() = default;
  session_keeper(const session_keeper&) = delete;
  session_keeper& operator=(const session_keeper&) = delete;

  /// Called once.
  void start();
  /// Ends everything for good.
  virtual void stop();

protected:
  /// `at` is one server, or a master that Sentinels watch: then each session is with whoever is the master, and ends at
  /// once when that is another one. For the log, `name` says who is connected, and `without`, a clause or nothing, what
  /// is so while Redis refuses us.
  session_keeper(const net::executor& where, deployment at, std::string name, std::string without, backoff pauses,
                 backoff::milliseconds lasting);

  [[nodiscard]] const std::shared_ptr<session>& current() const noexcept { return current_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const deployment& at() const noexcept { return at_; }
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }

private:
  enum class state { starting, up, down, refused };

  virtual std::shared_ptr<session> next_session(endpoint server) = 0;
  virtual void came_up() = 0;
  /// Once for each came_up(); within stop(), too.
  virtual void went_down() = 0;
  /// An attempt that never came up.
  virtual void failed() = 0;

  static net::task<void> keep(std::shared_ptr<session_keeper> self);
  [[nodiscard]] std::optional<endpoint> whereabouts() const;
  void moved();
  net::task<void> attend(std::shared_ptr<session> s);
  void report_end(const session& s);
  void report(state now, std::string_view why);
  void abandon();

  net::executor where_;
  deployment at_;
  std::string name_;
  std::string without_;
  std::shared_ptr<session> current_;
  net::timer pause_;
  backoff backoff_;
  backoff::milliseconds lasting_; ///< a session that lived this long was worth having
  std::minstd_rand random_;
  state state_ = state::starting;
  std::string refusal_; ///< the last one
  bool up_ = false;
  bool patient_ = true; ///< no Sentinel has been waited for yet
  bool started_ = false;
  bool hurry_ = false; ///< the next attempt is worth making at once
  bool stopping_ = false;
};

} // namespace rollcall::redis
