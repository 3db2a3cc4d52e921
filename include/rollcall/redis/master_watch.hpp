#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/redis/endpoint.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace rollcall::redis {

struct master_watch_options {
  /// For one question to one Sentinel: resolving, connecting, AUTH and the answers together.
  std::chrono::milliseconds question_timeout{1000};
  /// Between two rounds of questions, at least.
  std::chrono::milliseconds question_pause{200};
  std::chrono::milliseconds backoff_first{50};
  std::chrono::milliseconds backoff_most{1000};
  /// As for tracking: when a Sentinel that says nothing is asked for a sign of life, and when it counts as gone.
  std::chrono::milliseconds heartbeat{1000};
  std::chrono::milliseconds silence{3000};
};

/// Counters, written by the watch's thread and read by any.
struct master_watch_stats {
  ops::counter switches;      ///< times that the master was another one
  ops::counter announcements; ///< of new masters, by each Sentinel
  ops::counter questions;     ///< put to Sentinels
  ops::counter failures;      ///< of those, the ones without an answer
  ops::counter known;         ///< gauge: Sentinels, those included that others told of
  ops::counter connected;     ///< gauge: those of them that would announce a new master to us
};

/// Knows where the master is that Sentinels watch. One a process, shared by all connections to that master: asks all
/// Sentinels at once, learns of further ones from them, and is told by each of them when there is a new master, because
/// the one that leads a failover tells of it a second after the others.
///
/// Lives on one thread, that of `where`; what any thread may call says so. Held by its owner, by whoever follows, and
/// by its own tasks until stop().
class master_watch {
public:
  /// `of` is of the form `sentinel`.
  master_watch(const net::executor& where, const deployment& of, master_watch_options options = {});
  ~master_watch();
  master_watch(const master_watch&) = delete;
  master_watch& operator=(const master_watch&) = delete;

  /// `heard` is called on its thread when the master is another one, before anybody can know that and use it. Before
  /// start().
  void before_switch(std::function<void()> heard);

  void start();
  void stop();

  /// Where the master is, who we are there, and that it has to be one; nullopt while no Sentinel has told. Any thread.
  [[nodiscard]] std::optional<endpoint> master() const;

  /// `moved` runs on `where` whenever the master is another one, for as long as there is `who`. Any thread; the
  /// io_context of `where` outlives the watch's last handler.
  void follow(const net::executor& where, std::weak_ptr<void> who, std::function<void()> moved);

  /// The master is no use to somebody: the Sentinels are asked again. Any thread, as often as one likes.
  void doubt();

  [[nodiscard]] const master_watch_stats& stats() const noexcept;

private:
  class state;
  std::shared_ptr<state> state_;
};

} // namespace rollcall::redis
