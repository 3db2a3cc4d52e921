#include "rollcall/redis/tracking.hpp"

#include "rollcall/redis/connection.hpp"

#include "cluster_tracking.hpp"
#include "invalidation.hpp"
#include "keys.hpp"
#include "pulse.hpp"
#include "session_keeper.hpp"
#include "subscription.hpp"

#include <fmt/format.h>

#include <cassert>
#include <utility>
#include <vector>

namespace rollcall::redis {
namespace {

connection_options session_options(const tracking_options& o) {
  connection_options options;
  options.connect_timeout = o.connect_timeout;
  return options;
}

} // namespace

/// Held by the tracking and by the task that it runs, within which everything is told.
class tracking::keeper final : public session_keeper {
public:
  /// With `shared` it is one of several.
  keeper(const net::executor& where, const deployment& at, std::string name_space, observer& told,
         tracking_options options, std::shared_ptr<tracking_stats> shared)
      : session_keeper(where, at, fmt::format("redis {}: tracking", at.to_string()),
                       "; until then every answer from memory is checked with Redis first, if Redis can be used at all",
                       backoff(options.backoff_first, options.backoff_most), options.backoff_most),
        where_(where), names_(std::move(name_space)), told_(told), options_(options), alone_(!shared),
        stats_(shared ? std::move(shared) : std::make_shared<tracking_stats>()) {
    assert(options.heartbeat < options.silence);
  }

  [[nodiscard]] const tracking_stats& stats() const noexcept { return *stats_; }
  [[nodiscard]] tracked_server server() const {
    return {current() ? current()->server().to_string() : at().to_string(), current() && current()->ready()};
  }

private:
  std::shared_ptr<session> next_session(endpoint server) override {
    // A session tells something only while the keeper's task attends to it.
    return std::make_shared<subscription>(where_, std::move(server), session_options(options_), session_stats_,
                                          pulse(options_.heartbeat, options_.silence), names_,
                                          [this](const invalidation& said) { tell(said); });
  }

  void came_up() override {
    if (alone_) {
      stats_->connects.add();
      stats_->up.add();
    }
    told_.tracking_up();
  }

  void went_down() override {
    if (alone_) {
      stats_->up.subtract();
    }
    if (!stopping()) {
      told_.tracking_down();
    }
  }

  void failed() override { stats_->failures.add(); }

  void tell(const invalidation& said) {
    stats_->messages.add();
    stats_->keys.add(said.keys);
    stats_->foreign.add(said.foreign);
    if (said.everything) {
      stats_->flushes.add();
    }
    tell_each(said.purged, &observer::purged);
    if (said.everything && !stopping()) {
      told_.everything_changed();
    }
    tell_each(said.values, &observer::value_changed);
    tell_each(said.leases, &observer::lease_changed);
  }

  /// Whoever is told something may call stop(), and then wants to hear no more.
  template <class What>
  void tell_each(const std::vector<What>& all, void (observer::*how)(const What&)) {
    for (const auto& one : all) {
      if (stopping()) {
        return;
      }
      (told_.*how)(one);
    }
  }

  net::executor where_;
  keys names_;
  observer& told_;
  tracking_options options_;
  bool alone_;
  std::shared_ptr<tracking_stats> stats_;
  /// Shared with the sessions, whose last handlers may run after the tracking is gone.
  std::shared_ptr<connection_stats> session_stats_ = std::make_shared<connection_stats>();
};

tracking::tracking(const net::executor& where, const deployment& at, std::string name_space, observer& told,
                   tracking_options options) {
  if (at.how == deployment::form::cluster) {
    cluster_ = std::make_shared<cluster_tracking>(where, at, std::move(name_space), told, options);
  } else {
    keeper_ = std::make_shared<keeper>(where, at, std::move(name_space), told, options, nullptr);
  }
}

tracking::tracking(const net::executor& where, endpoint at, std::string name_space, observer& told,
                   tracking_options options, std::shared_ptr<tracking_stats> shared)
    : keeper_(std::make_shared<keeper>(where, std::move(at), std::move(name_space), told, options, std::move(shared))) {
}

tracking::~tracking() {
  stop();
}

void tracking::start() {
  cluster_ ? cluster_->open() : keeper_->start();
}

void tracking::stop() {
  cluster_ ? cluster_->close() : keeper_->stop();
}

const tracking_stats& tracking::stats() const noexcept {
  return cluster_ ? cluster_->stats() : keeper_->stats();
}

std::vector<tracked_server> tracking::servers() const {
  return cluster_ ? cluster_->servers() : std::vector{keeper_->server()};
}

} // namespace rollcall::redis
