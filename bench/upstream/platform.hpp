#pragma once

#include "upstream/answer.hpp"
#include "upstream/call.hpp"
#include "upstream/counters.hpp"
#include "upstream/fault.hpp"
#include "upstream/room.hpp"
#include "upstream/trouble.hpp"
#include "upstream/world.hpp"

namespace rollcall::standin {

/// The instance without its sockets: turns requests into answers. Any thread may call.
///
/// An answer is decided when its request arrives and then held back for the latency of the run, so a change that comes
/// meanwhile is not in it: what was read before a write may be delivered after it, as in the real thing.
class platform {
public:
  platform(room_options rooms, trouble_options mishaps) : world_(rooms), trouble_(mishaps) {}

  answer respond(request&& asked);

  [[nodiscard]] counters& counts() { return counters_; }

private:
  answer answer_to(const call& made, const mishap& met);
  answer endpoint(const call& made);
  answer members(const call& made);
  [[nodiscard]] answer failure() const;

  world world_;
  trouble trouble_;
  fault_switch faults_;
  counters counters_;
};

} // namespace rollcall::standin
