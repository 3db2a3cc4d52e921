#include "rollcall/gateway/commons.hpp"

#include <utility>

namespace rollcall::gateway {

// The fences first, then the flights: who asks in between may still board an old flight, but has not been told of the
// purge yet; and what that flight brings stays out.
std::vector<cache::entry_ptr> commons::drop(const cache::scope& s) {
  auto dropped = memory.purge(s);
  failures.purge(s);
  flights.sever(s);
  return dropped;
}

coherence::coherence(commons& shared, std::function<void(const cache::scope&)> purged)
    : shared_(shared), purged_(std::move(purged)) {
  shared_.memory.distrust();
}

void coherence::tracking_up() {
  shared_.memory.trust();
  shared_.tracked = true;
}

// Those who wait for news must not wait for it any longer.
void coherence::tracking_down() {
  shared_.tracked = false;
  shared_.memory.distrust();
  shared_.waits.wake_all();
}

// It may have been purged: nobody joins what was asked for before we knew.
void coherence::value_changed(const cache::identity& id) {
  shared_.memory.suspect(id);
  shared_.failures.forget(id);
  shared_.flights.sever(id);
  shared_.waits.wake(id);
}

void coherence::lease_changed(const cache::identity& id) {
  shared_.waits.wake(id);
}

void coherence::purged(const cache::scope& s) {
  shared_.drop(s);
  if (purged_)
    purged_(s);
}

void coherence::everything_changed() {
  shared_.memory.trust(); // makes suspects of all that is there
  shared_.flights.sever_all();
  shared_.waits.wake_all();
}

} // namespace rollcall::gateway
