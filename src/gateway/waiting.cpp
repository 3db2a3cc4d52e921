// How askers of one list share one flight: the first starts it, and everybody, the first included, waits for it. So a
// client that leaves takes nothing with it.
#include "rollcall/gateway/members.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace rollcall::gateway {

namespace {

// Flights that end without a result, or with one older than was asked for, before we stop believing in the next one.
constexpr int flights_most = 3;

std::shared_ptr<const outcome> refusal(unsigned status, std::string message, std::string_view detail) {
  return std::make_shared<const outcome>(failed{status, std::move(message), {.detail = detail}});
}

} // namespace

struct members::wait {
  explicit wait(const net::executor& ex) : over(ex) {}

  /// Its expiry is the asker's own deadline; landing cancels it.
  net::timer over;
  flights::result result;
  bool landed = false;
};

namespace {

// Who joins a flight may get what was fetched before he asked: new enough for most, but not for who says otherwise.
bool satisfies(const outcome& o, const cache::directives& wants, cache::time_point asked) {
  const auto* s = std::get_if<stored>(&o);
  return s == nullptr || s->report.served || s->entry->fetched_at >= cache::oldest_wanted(wants, asked);
}

} // namespace

net::task<members::answer> members::wait_for_answer(question q) {
  const auto asked = cache::wall_now();
  answer a;
  for (int flown = 0; flown < flights_most; ++flown)
    if (co_await follow(q, a) && satisfies(*a.result, q.wants, asked))
      co_return a;
  if (a.result)
    co_return a;
  lane_.stats.refused.add();
  a.result = refusal(503, "the request could not be carried out, try again", "abandoned");
  co_return a;
}

// False when the flight ended without a result: whoever wants one may start the next.
net::task<bool> members::follow(const question& q, answer& a) {
  const auto w = std::make_shared<wait>(lane_.ex);
  auto boarded = lane_.shared.lists.flights.join(q.id, [w, ex = lane_.ex](flights::result r) {
    net::asio::post(ex, [w, r = std::move(r)]() mutable {
      w->result = std::move(r);
      w->landed = true;
      w->over.cancel();
    });
  });
  if (boarded.as == flights::role::refused) {
    lane_.stats.refused.add();
    a.result = refusal(503, "too many requests wait for answers, try again later", "waiters");
    co_return true;
  }
  a.collapsed = boarded.as == flights::role::follows;
  w->over.expires_after(lane_.shared.patience);
  if (!a.collapsed)
    lane_.tasks.start(fly(q, std::move(boarded.lead)), "fetching a list");
  // The flight may have landed before we get to wait for it: it is posted, so not before this suspends.
  co_await w->over.async_wait(net::no_throw);
  if (!w->landed) {
    lane_.shared.lists.flights.leave(boarded.seat);
    lane_.stats.failed.add();
    a.result = refusal(504, "no answer came in time", "waited");
    co_return true;
  }
  a.result = w->result;
  if (a.result && a.collapsed)
    lane_.stats.collapsed.add();
  co_return a.result != nullptr;
}

net::task<> members::fly(question q, flights::permit lead) {
  auto found = co_await source_.obtain(q);
  if (!found.due)
    co_return lead.land(std::move(found.result));
  // Not if it was severed: what is to be renewed may have been purged, and nobody who asks now may be given it.
  if (auto next = lead.land_and_lead(std::move(found.result)))
    co_await refresh(std::move(q), std::move(*next), std::move(*found.due));
}

// On nobody's behalf: nobody waits for it but those who find nothing to serve meanwhile.
net::task<> members::refresh(question q, flights::permit lead, source::renewal due) {
  q.wants = {};
  lead.land(co_await source_.renew(std::move(q), std::move(due)));
}

} // namespace rollcall::gateway
