#include "sentinel_ear.hpp"

#include "sentinel_sessions.hpp"

#include <fmt/format.h>

#include <utility>

namespace rollcall::redis {

sentinel_ear::sentinel_ear(const net::executor& where, endpoint sentinel, std::string master,
                           master_watch_options options, std::shared_ptr<connection_stats> stats, listener told)
    : session_keeper(where, sentinel, fmt::format("sentinel {}", sentinel.to_string()), "",
                     backoff(options.backoff_first, options.backoff_most), options.backoff_most),
      where_(where), master_(std::move(master)), options_(options), stats_(std::move(stats)), told_(std::move(told)) {}

std::shared_ptr<session> sentinel_ear::next_session(endpoint server) {
  connection_options o;
  o.connect_timeout = options_.question_timeout;
  return std::make_shared<sentinel_subscription>(where_, std::move(server), std::move(o), stats_,
                                                 pulse(options_.heartbeat, options_.silence), master_,
                                                 [this](const master_switch& news) {
                                                   if (!stopping()) {
                                                     told_.switched(news);
                                                   }
                                                 });
}

void sentinel_ear::went_down() {
  if (!stopping()) {
    told_.down();
  }
}

} // namespace rollcall::redis
