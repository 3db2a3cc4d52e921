#pragma once

#include "rollcall/ops/counter.hpp"

namespace rollcall::gateway {

/// What one lane has done. Written by its thread, read by any.
struct lane_stats {
  // getChatRoomMember, by where the answer came from.
  ops::counter hits_memory;
  ops::counter hits_redis;
  ops::counter fetched;        ///< asked upstream, and stored
  ops::counter relayed;        ///< asked upstream; the answer is not for storing
  ops::counter hits_stale;     ///< of hits_memory: served stale, at once, while it is renewed or while that fails
  ops::counter hits_failure;   ///< a failure of a moment ago, told again
  ops::counter only_if_cached; ///< told that nothing stored will do, as the request wanted
  ops::counter stale_on_error; ///< asked upstream in vain; served a stale answer
  ops::counter failed;         ///< asked upstream in vain; told the bot so
  ops::counter shielded_stale; ///< the upstream was not to be asked now; served a stale answer
  ops::counter shielded;       ///< the upstream was not to be asked now; told the bot so
  ops::counter collapsed;      ///< answered by a call that somebody else's request had started
  ops::counter refused;        ///< too many wait for flights already
  ops::counter bad_requests;
  // Everything else.
  ops::counter passed;
  ops::counter pass_failed;

  ops::counter refreshes;        ///< renewals of entries that were served all the same
  ops::counter lease_waits;      ///< waits for another gateway's call
  ops::counter purges_by_writes; ///< writes that passed through and changed lists
  ops::counter background;       ///< gauge: tasks that nobody waits for
};

} // namespace rollcall::gateway
