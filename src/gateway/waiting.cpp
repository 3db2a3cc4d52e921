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

// Who joins a flight may get what was fetched before he asked: new enough for most, but not for who says otherwise.
bool satisfies(const outcome& o, const cache::directives& wants, cache::time_point asked) {
  const auto* s = std::get_if<stored>(&o);
  return s == nullptr || s->report.served || s->entry->fetched_at >= cache::oldest_wanted(wants, asked);
}

} // namespace

struct members::wait : std::enable_shared_from_this<wait>, patience::guest {
  wait(net::turn t, question_ptr what, asker whose) : turn(std::move(t)), q(std::move(what)), who(std::move(whose)) {}

  net::turn turn;
  question_ptr q;
  asker who;
  const cache::time_point asked = cache::wall_now();
  int flown = 0;
  bool collapsed = false;
  flights::ticket seat;
};

members::members(lane_context& lane, passthrough& others)
    : lane_(lane), others_(others), source_(lane),
      waiting_(lane.ex, [this](patience::guest& g) { send_away(static_cast<wait&>(g)); }) {}

void members::answer_later(net::turn t, question q, asker who) {
  follow(std::make_shared<wait>(std::move(t), std::make_shared<const question>(std::move(q)), std::move(who)));
}

void members::follow(const std::shared_ptr<wait>& w) {
  ++w->flown;
  auto boarded = lane_.shared.lists.flights.join(w->q->id, [this, w, ex = lane_.ex](flights::result r) {
    net::asio::post(ex, [this, w, r = std::move(r)]() mutable { land(*w, std::move(r)); });
  });
  if (boarded.as == flights::role::refused) {
    lane_.stats.refused.add();
    return finish(*w, {refusal(503, "too many requests wait for answers, try again later", "waiters"), w->collapsed});
  }
  w->collapsed = boarded.as == flights::role::follows;
  w->seat = std::move(boarded.seat);
  lane_.tasks.begin();
  waiting_.enter(*w, w->q->settings->patience);
  if (!w->collapsed)
    lane_.tasks.start(fly(w->q, std::move(boarded.lead)), "fetching a list");
}

// Who got nothing, or what is too old for him, may start the next flight.
void members::land(wait& w, outcome_ptr result) {
  if (!w.waits()) // sent away meanwhile
    return;
  waiting_.leave(w);
  lane_.tasks.end();
  if (result && w.collapsed)
    lane_.stats.collapsed.add();
  if (result && (w.flown == flights_most || satisfies(*result, w.q->wants, w.asked)))
    return finish(w, {std::move(result), w.collapsed});
  if (w.flown < flights_most)
    return follow(w.shared_from_this());
  lane_.stats.refused.add();
  finish(w, {refusal(503, "the request could not be carried out, try again", "abandoned"), w.collapsed});
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

net::task<> members::fly(question_ptr q, flights::permit lead) {
  auto found = co_await source_.obtain(*q);
  if (!found.due)
    co_return lead.land(std::move(found.result));
  // Not if it was severed: what is to be renewed may have been purged, and nobody who asks now may be given it.
  if (auto next = lead.land_and_lead(std::move(found.result)))
    co_await refresh(question(*q), std::move(*next), std::move(*found.due));
}

// On nobody's behalf: nobody waits for it but those who find nothing to serve meanwhile.
net::task<> members::refresh(question q, flights::permit lead, source::renewal due) {
  q.wants = {};
  lead.land(co_await source_.renew(q, std::move(due)));
}

} // namespace rollcall::gateway
