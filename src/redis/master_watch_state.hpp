#pragma once

#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/master_watch.hpp"

#include "master_belief.hpp"
#include "sentinel_ear.hpp"
#include "sentinel_sessions.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rollcall::redis {

/// Held by the watch and by the tasks that it runs.
class master_watch::state : public std::enable_shared_from_this<state> {
public:
  state(const net::executor& where, deployment of, master_watch_options options);

  void before_switch(std::function<void()> heard) { before_switch_ = std::move(heard); }
  void start();
  void stop();
  std::optional<endpoint> master() const;
  void follow(const net::executor& where, std::weak_ptr<void> who, std::function<void()> moved);
  void doubt();
  [[nodiscard]] const master_watch_stats& stats() const noexcept { return stats_; }

private:
  struct sentinel {
    host_port at;
    endpoint how;
    std::string peer; ///< its address, once it has been reached
    std::shared_ptr<sentinel_ear> ear;
    std::shared_ptr<sentinel_question> question; ///< while it is asked
    bool ignorant = false;                       ///< it has said that it knows no such master
    bool unwilling = false;                      ///< it has refused to be asked
  };
  using sentinel_ptr = std::shared_ptr<sentinel>;

  struct follower {
    net::executor where;
    std::weak_ptr<void> who;
    std::function<void()> moved;
  };

  // Questions. A round is all those that are under way at a time.
  void ask_soon();
  void ask_all();
  void ask(const sentinel_ptr& s);
  static net::task<void> put(std::shared_ptr<state> self, sentinel_ptr s);
  void answered(sentinel& s);
  void refused(sentinel& s);
  void end_round();

  void add(const host_port& at);
  void learn();
  void switched(const master_switch& news);
  void publish();

  net::executor where_;
  deployment of_;
  master_watch_options options_;
  master_watch_stats stats_;
  std::shared_ptr<connection_stats> session_stats_ = std::make_shared<connection_stats>();
  std::function<void()> before_switch_;
  std::vector<sentinel_ptr> sentinels_;
  master_belief belief_;

  net::timer pause_;
  bool waiting_ = false; ///< for the next round
  std::size_t asking_ = 0;
  bool ask_again_ = false;
  bool doubtful_ = false; ///< the master is no use, and the next round is to tell whether it still is one
  bool in_doubt_ = false; ///< the round under way began for that, and the master has been the same since
  net::steady_clock::time_point last_round_ = net::steady_clock::time_point::min();
  std::vector<master_opinion> opinions_; ///< of this round
  std::vector<host_port> heard_of_;      ///< in this round
  bool started_ = false;
  bool stopping_ = false;

  std::atomic<bool> doubted_{false}; ///< a doubt is on its way to our thread
  mutable std::mutex mutex_;         ///< guards what follows
  std::optional<endpoint> master_;
  std::vector<follower> followers_;
};

} // namespace rollcall::redis
