#pragma once

#include "rollcall/redis/master_watch.hpp"

#include "sentinel_replies.hpp"
#include "session_keeper.hpp"

#include <functional>
#include <string>

namespace rollcall::redis {

/// The connections to one Sentinel, one after the other, on which it announces new masters.
class sentinel_ear final : public session_keeper {
public:
  /// What it tells, on its thread, and nothing after stop().
  struct listener {
    std::function<void()> up;
    std::function<void()> down;
    std::function<void(const master_switch&)> switched;
  };

  sentinel_ear(const net::executor& where, endpoint sentinel, std::string master, master_watch_options options,
               std::shared_ptr<connection_stats> stats, listener told);

private:
  std::shared_ptr<session> next_session(endpoint server) override;
  void came_up() override { told_.up(); }
  void went_down() override;
  void failed() override {}

  net::executor where_;
  std::string master_;
  master_watch_options options_;
  std::shared_ptr<connection_stats> stats_;
  listener told_;
};

} // namespace rollcall::redis
