// How askers of one list share one flight: the first starts it, and everybody, the first included, waits for it. So a
// client that leaves takes nothing with it.
#include "rollcall/gateway/members.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace rollcall::gateway {

namespace {

// Flights that end without a result because their task failed, before we stop believing in the next one.
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

net::task<members::answer> members::wait_for_answer(question q) {
  answer a;
  for (int flown = 0; flown < flights_most; ++flown)
    if (co_await follow(q, a))
      co_return a;
  lane_.stats.refused.add();
  a.result = refusal(503, "the request could not be carried out, try again", "abandoned");
  co_return a;
}

// False when the flight ended without a result: whoever wants one may start the next.
net::task<bool> members::follow(const question& q, answer& a) {
  const auto w = std::make_shared<wait>(lane_.ex);
  auto boarded = lane_.shared.flights.join(q.id, [w, ex = lane_.ex](flights::result r) {
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
    lane_.shared.flights.leave(q.id, boarded.seat);
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
  auto found = co_await source_.obtain(std::move(q));
  lead.land(std::make_shared<const outcome>(std::move(found)));
}

} // namespace rollcall::gateway
