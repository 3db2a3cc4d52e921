#pragma once

#include "rollcall/api/answer.hpp"
#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/gateway/outcome.hpp"

#include <string>

namespace rollcall::gateway {

/// Where lists come from when memory has none that is fresh: Redis, then the upstream. What it gets it keeps. One a
/// lane.
class source {
public:
  explicit source(lane_context& lane) : lane_(lane) {}

  /// Asks on behalf of everybody who wants it now: see cache::flights.
  net::task<outcome> obtain(question q);

private:
  net::task<cache::entry_ptr> look_in_redis(const question& q, cache::entry_ptr& stale);
  net::task<outcome> ask_upstream(const question& q, cache::entry_ptr stale);
  outcome judge_answer(const question& q, upstream::fetched f, cache::time_point asked_at,
                       const cache::entry_ptr& stale);
  outcome instead(const cache::entry_ptr& stale, forward_report report, std::string message, unsigned status);
  cache::entry_ptr keep(const question& q, const upstream::fetched& f, cache::time_point asked_at);
  net::task<> keep_in_redis(cache::entry_ptr e);

  lane_context& lane_;
  api::answer_parser answers_;
};

} // namespace rollcall::gateway
