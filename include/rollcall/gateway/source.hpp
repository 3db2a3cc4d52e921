#pragma once

#include "rollcall/api/answer.hpp"
#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/gateway/lease_keeper.hpp"
#include "rollcall/gateway/outcome.hpp"
#include "rollcall/gateway/redis_budget.hpp"

#include <optional>
#include <string>

namespace rollcall::gateway {

/// Where lists come from when memory has none that will do: Redis, then the upstream. What it gets it keeps. One a
/// lane; each call is one flight's, so there is one for an identity at a time (but for severed ones).
class source {
public:
  explicit source(lane_context& lane) : lane_(lane) {}

  /// A renewal that is due: of what, and with which lease if that has been claimed already.
  struct renewal {
    cache::entry_ptr known;
    held_lease lease;
  };
  struct found {
    outcome_ptr result;
    /// The result is to be renewed when those who wait have it.
    std::optional<renewal> due;
  };

  /// Asks on behalf of everybody who wants it now: see cache::flights. `q` outlives the task, and so does `budget`,
  /// what may be spent on Redis; here and below.
  net::task<found> obtain(const question& q, redis_budget& budget);

  /// Replaces an entry that was served all the same. Null when somebody else is at it, or it is not to be done now.
  net::task<outcome_ptr> renew(const question& q, renewal r, redis_budget& budget);

  /// What is stored, without asking the upstream for it; look_up() is null when that will not do.
  net::task<outcome_ptr> find_stored(const question& q);
  net::task<outcome_ptr> look_up(const question& q);

private:
  /// What the two stores said.
  struct lookup {
    /// Set: it is settled.
    std::optional<found> settled;
    /// The best entry there is, not good enough, or null.
    cache::entry_ptr stale;
    held_lease lease;
  };

  outcome_ptr hit(cache::entry_ptr e, origin from);
  cache::decision decide(const cache::entry_ptr& e, const question& q) const;
  net::task<cache::entry_ptr> verify(const question& q, cache::entry_ptr suspect, cache::memory::stamp_type asked,
                                     redis_budget& budget);
  net::task<lookup> look_in_redis(const question& q, cache::entry_ptr stale, redis_budget& budget);
  void leave_alone(const question& q, std::chrono::milliseconds held_for);
  cache::time_point purged_at(const cache::identity& id) const;
  redis::claim_terms terms_now(const question& q, redis::claim_terms special) const;
  lookup settled(cache::entry_ptr e, cache::decision d, held_lease lease);
  net::task<held_lease> take_up(const question& q, redis::lease l, redis_budget& budget);
  cache::entry_ptr take_in(const question& q, const cache::entry_ptr& from_redis, cache::entry_ptr held,
                           cache::memory::stamp_type asked);

  net::task<outcome_ptr> ask_upstream(const question& q, cache::entry_ptr stale, held_lease lease,
                                      upstream::urgency who);
  outcome_ptr held_back(const question& q, const cache::entry_ptr& stale, upstream::refusal why, upstream::urgency who);
  struct asking; // the moment at which the upstream was asked, in all its clocks
  outcome judge_answer(const question& q, upstream::fetched f, const asking& at, const cache::entry_ptr& stale,
                       held_lease& lease);
  outcome instead(const question& q, const cache::entry_ptr& stale, forward_report report, std::string message,
                  unsigned status);
  upstream::fetch_request counted(upstream::fetch_request r) const;
  outcome turned_away(const question& q, const cache::entry_ptr& stale, overload why);
  void remember(const question& q, const outcome_ptr& what, const asking& at, bool had_stale);
  stored keep(const question& q, const upstream::fetched& f, const asking& at, held_lease& lease,
              forward_report report);
  net::task<> keep_in_redis(cache::entry_ptr e, held_lease lease);

  lane_context& lane_;
  api::answer_parser answers_;
};

} // namespace rollcall::gateway
