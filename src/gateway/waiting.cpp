// How askers of one list share one flight: the first starts it, and everybody, the first included, waits for it. So a
// client that leaves takes nothing with it.
#include "rollcall/gateway/members.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace rollcall::gateway {

namespace {

std::shared_ptr<const outcome> refusal(unsigned status, std::string message, std::string_view detail) {
  return std::make_shared<const outcome>(failed{status, std::move(message), {.detail = detail}});
}

// Who joins a flight may get what was fetched before he asked: new enough for most, but not for who says otherwise.
bool fulfils(const outcome& o, const cache::wish& wanted) {
  if (const auto* r = std::get_if<relayed>(&o))
    return r->asked_at >= wanted.since;
  const auto* s = std::get_if<stored>(&o);
  return s == nullptr || s->report.served || s->entry->fetched_at >= wanted.since;
}

cache::wish wish_of(const question& q) {
  return {cache::oldest_wanted(q.wants, cache::wall_now()), !q.wants.no_store};
}

// What those ask for who are left.
cache::directives directives_of(const cache::wish& wanted) {
  cache::directives d;
  d.no_store = !wanted.storable;
  if (wanted.since != cache::time_point::min())
    d.max_age = std::max(cache::wall_now() - wanted.since, cache::milliseconds(0));
  return d;
}

} // namespace

struct members::wait : std::enable_shared_from_this<wait>, patience::guest {
  wait(net::turn t, asker whose) : turn(std::move(t)), who(std::move(whose)) {}

  net::turn turn;
  asker who;
  bool collapsed = false;
  flights::ticket seat;
};

members::members(lane_context& lane, passthrough& others)
    : lane_(lane), others_(others), source_(lane),
      waiting_(lane.ex, [this](patience::guest& g) { send_away(static_cast<wait&>(g)); }) {}

void members::answer_later(net::turn t, question q, asker who) {
  const auto w = std::make_shared<wait>(std::move(t), std::move(who));
  auto boarded = lane_.shared.lists.flights.join(
      q.id,
      [this, w, ex = lane_.ex](flights::result r) {
        net::asio::post(ex, [this, w, r = std::move(r)]() mutable { land(*w, std::move(r)); });
      },
      wish_of(q));
  if (boarded.as == flights::role::refused) {
    lane_.stats.refused.add();
    return finish(*w, {refusal(503, "too many requests wait for answers, try again later", "waiters")});
  }
  w->collapsed = boarded.as == flights::role::follows;
  w->seat = std::move(boarded.seat);
  lane_.tasks.begin();
  waiting_.enter(*w, q.settings->patience);
  if (!w->collapsed)
    lane_.tasks.start(fly(std::move(q), std::move(boarded.lead), std::nullopt), "fetching a list");
  else if (boarded.renewal && lane_.store && !q.wants.max_age)
    lane_.tasks.start(look_meanwhile(w, std::move(q)), "looking for what is stored meanwhile");
}

// What is being renewed may be served while it is, but memory does not hold it (any more): nobody is to wait for the
// upstream where Redis can answer. It delays nobody either: the renewal has looked there already.
net::task<> members::look_meanwhile(std::shared_ptr<wait> w, question q) {
  auto there = co_await source_.look_up(q);
  if (!there || !w->waits() || !lane_.shared.lists.flights.leave(w->seat)) // or it is too late
    co_return;
  w->collapsed = false;
  land(*w, std::move(there));
}

void members::land(wait& w, outcome_ptr result) {
  if (!w.waits()) // sent away meanwhile
    return;
  waiting_.leave(w);
  lane_.tasks.end();
  if (!result) {
    lane_.stats.refused.add();
    return finish(w, {refusal(503, "the request could not be carried out, try again", "abandoned"), w.collapsed});
  }
  if (w.collapsed)
    lane_.stats.collapsed.add();
  finish(w, {std::move(result), w.collapsed});
}

// `w` may be destroyed on the thread that landed it: what belongs to this one is given away before.
void members::finish(wait& w, answer a) {
  respond(std::move(w.turn), w.who, a);
}

void members::send_away(wait& w) {
  const auto alive = w.shared_from_this(); // the flight may have been the last to hold it
  lane_.tasks.end();
  lane_.shared.lists.flights.leave(w.seat);
  lane_.stats.failed.add();
  finish(w, {refusal(504, "no answer came in time", "waited"), w.collapsed});
}

// Gets what is to be served, and then renews what is due, or gets it once more for those who wanted something newer
// than that. All of it has one budget for Redis from the view of each who is on board.
net::task<> members::fly(question q, flights::permit lead, std::optional<source::renewal> due) {
  redis_budget budget(q.settings->redis_timeout);
  while (true) {
    source::found f;
    if (due)
      f.result = co_await source_.renew(q, std::move(*due), budget);
    else
      f = co_await source_.obtain(q, budget);
    const auto left = lead.land_for(f.result, fulfils, f.due.has_value());
    if (!left)
      co_return;
    // Not if it was severed: what is to be renewed may have been purged, and nobody who asks now may be given it.
    due.reset();
    if (f.due && !left->severed)
      due.emplace(std::move(*f.due));
    q.wants = directives_of(left->wish);
    budget.go_on(left->goes);
  }
}

} // namespace rollcall::gateway
