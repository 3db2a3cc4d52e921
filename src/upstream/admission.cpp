#include "rollcall/upstream/admission.hpp"

#include <algorithm>
#include <cassert>

namespace rollcall::upstream {

namespace {

using std::chrono::nanoseconds;

// When a call must have started, so that it may be answered by its deadline: what is left must be twice as long as
// calls take, but who knows no latency, or one that is beyond all reason, is not to be refused for it.
admission::time_point latest_start(admission::time_point now, admission::time_point deadline, nanoseconds latency) {
  const auto left = std::max<nanoseconds>(deadline - now, nanoseconds(0));
  return deadline - std::clamp(2 * latency, left / 10, left / 2);
}

} // namespace

std::string_view to_string(refusal_reason r) {
  switch (r) {
  case refusal_reason::paced:
    return "paced";
  case refusal_reason::overload:
    return "overload";
  case refusal_reason::late:
    return "late";
  case refusal_reason::full:
    return "full";
  case refusal_reason::stopping:
    return "stopping";
  }
  return "";
}

admission::admission(std::size_t instances, const admission_options& o, std::function<void(guest&)> tell)
    : options_(o), tell_(std::move(tell)), parts_(instances, part(o.concurrency)) {}

admission::~admission() {
  assert(waiting_ == 0);
}

// Null when there are too many.
admission::line* admission::line_of(std::string_view w_id) {
  std::string key(w_id);
  if (const auto known = lines_.find(key); known != lines_.end())
    return &known->second;
  if (lines_.size() >= options_.wids_most)
    return nullptr;
  const auto at = lines_.try_emplace(std::move(key)).first;
  at->second.w_id = &at->first;
  return &at->second;
}

bool admission::is_free(const line& l, time_point now) const {
  return l.leaving == nullptr && l.not_before <= now && (options_.per_wid == 0 || l.running < options_.per_wid);
}

bool admission::has_room_for(urgency who, const part& p) const {
  const auto limit = p.limit.get();
  return p.running < (who == urgency::refresh ? limit - limit / 4 : limit);
}

// As far as the spacing goes.
admission::time_point admission::turn_of_next(const line& l, time_point now) const {
  const auto first = l.leaving ? now + l.leaving->gap_ : std::max(now, l.not_before);
  return first + l.backlog;
}

// How long whoever comes now is likely to wait for others to end, at his instance and in his own line.
nanoseconds admission::wait_for_room(const line& l, const part& p) const {
  const auto latency = p.limit.latency();
  // With spacing, of each line only the first competes for what becomes free.
  const auto ahead = options_.spacing.count() > 0 ? p.ready.size() : p.waiting;
  auto longest = has_room(p) ? nanoseconds(0) : latency * static_cast<long>(ahead + 1) / p.limit.get();
  if (options_.per_wid > 0 && l.running >= options_.per_wid)
    longest = std::max(longest, latency * static_cast<long>(l.waiting.size() + 1) / options_.per_wid);
  return longest;
}

void admission::enter(guest& g, const call& c, time_point now) {
  assert(g.state_ == guest::state::outside || g.state_ == guest::state::refused);
  advance(now);
  auto& p = parts_[c.instance];
  g.instance_ = c.instance;
  g.latest_ = latest_start(now, c.deadline, p.limit.latency());
  g.gap_ = std::chrono::duration_cast<nanoseconds>(options_.spacing * (1 + options_.jitter * c.random));
  g.serial_ = ++serial_;
  auto* const l = line_of(c.w_id);
  if (l == nullptr)
    return turn_away(g, refusal_reason::full, paced_.empty() ? nanoseconds(0) : paced_.begin()->first - now);
  g.line_ = l;
  const bool first = l->waiting.empty() && is_free(*l, now);
  if (first && has_room_for(c.who, p)) // then nobody waits for it: see advance()
    return start(g, now);
  const auto turn = turn_of_next(*l, now);
  const auto room = now + wait_for_room(*l, p);
  if (c.who == urgency::refresh)
    turn_away(g, turn > now ? refusal_reason::paced : refusal_reason::overload, std::max(turn, room) - now);
  else if (turn > g.latest_)
    turn_away(g, refusal_reason::paced, turn - g.latest_);
  else if (room > g.latest_)
    turn_away(g, refusal_reason::overload, room - g.latest_);
  else if (waiting_ >= options_.waiting_most)
    turn_away(g, refusal_reason::full, room - now);
  else
    return wait(g, now);
  place(*l, now); // it may have been made for this one
}

void admission::turn_away(guest& g, refusal_reason why, nanoseconds retry_after) {
  end(g, guest::state::refused);
  g.why_ = {why, retry_after};
}

void admission::end(guest& g, guest::state s) {
  g.state_ = s;
  g.line_ = nullptr;
}

void admission::start(guest& g, time_point now) {
  auto& p = parts_[g.instance_];
  g.state_ = guest::state::runs;
  g.began_ = now;
  g.running_then_ = ++p.running;
  ++g.line_->running;
  if (options_.spacing.count() > 0)
    g.line_->leaving = &g;
}

void admission::wait(guest& g, time_point now) {
  g.state_ = guest::state::waits;
  g.look_at_ = time_point::max();
  g.line_->waiting.push_back(g);
  g.line_->backlog += g.gap_;
  ++parts_[g.instance_].waiting;
  ++waiting_;
  place(*g.line_, now);
}

void admission::take_off(line& l) {
  if (std::exchange(l.ready, false))
    parts_[l.waiting.front().instance_].ready.erase(l.waiting.front().serial_);
  if (std::exchange(l.paced, false))
    paced_.erase({l.not_before, &l});
}

// Puts a line where it belongs after a change of it; one that nothing is known of any more is forgotten. take_off() has
// been called before what it looks at was changed.
void admission::place(line& l, time_point now) {
  take_off(l);
  if (l.waiting.empty() && l.running == 0 && l.not_before <= now) {
    lines_.erase(std::string(*l.w_id));
    return;
  }
  if (l.leaving || (!l.waiting.empty() && options_.per_wid > 0 && l.running >= options_.per_wid))
    return; // whoever runs will be followed by a change
  if (l.not_before > now) {
    l.paced = true;
    paced_.emplace(l.not_before, &l);
    if (!l.waiting.empty() && l.waiting.front().look_at_ != l.not_before) {
      l.waiting.front().look_at_ = l.not_before;
      tell_(l.waiting.front());
    }
  } else if (!l.waiting.empty()) {
    auto& first = l.waiting.front();
    l.ready = true;
    parts_[first.instance_].ready.emplace(first.serial_, &l);
  }
}

// Starts whoever may start. Afterwards nobody is ready where there is room.
void admission::advance(time_point now) {
  while (!paced_.empty() && paced_.begin()->first <= now)
    place(*paced_.begin()->second, now);
  for (auto& p : parts_)
    while (has_room(p) && !p.ready.empty()) {
      auto& l = *p.ready.begin()->second;
      auto& g = l.waiting.front();
      take_off(l);
      l.waiting.pop_front();
      l.backlog -= g.gap_;
      --p.waiting;
      --waiting_;
      start(g, now);
      tell_(g);
      place(l, now);
    }
}

void admission::look(guest& g, time_point now) {
  advance(now);
  if (g.state_ != guest::state::waits || g.latest_ > now)
    return;
  const auto& l = *g.line_;
  const auto room = wait_for_room(l, parts_[g.instance_]);
  refuse(g, {refusal_reason::late, std::max<nanoseconds>(room, turn_of_next(l, now) - now)}, now);
}

void admission::refuse(guest& g, refusal why, time_point now) {
  leave(g, now);
  g.state_ = guest::state::refused;
  g.why_ = why;
  tell_(g);
}

void admission::refuse_if(const std::function<bool(const guest&)>& are_meant, refusal why, time_point now) {
  std::vector<guest*> meant;
  for (auto& [w_id, l] : lines_)
    for (auto& g : l.waiting)
      if (are_meant(g))
        meant.push_back(&g);
  for (auto* const g : meant)
    if (g->state_ == guest::state::waits) // it may have got the place of one before it
      refuse(*g, why, now);
}

void admission::sending(guest& g, time_point now) {
  assert(g.state_ == guest::state::runs);
  g.began_ = now;
  auto& l = *g.line_;
  if (l.leaving != &g)
    return;
  take_off(l);
  l.leaving = nullptr;
  l.not_before = now + g.gap_;
  revise(l, now);
  place(l, now);
}

// A start that was later than it was reckoned makes all that follow later: some of them too late.
void admission::revise(line& l, time_point now) {
  auto turn = std::max(now, l.not_before);
  for (auto at = l.waiting.begin(); at != l.waiting.end();) {
    auto& g = *at++;
    if (turn <= g.latest_) {
      turn += g.gap_;
      continue;
    }
    l.waiting.erase(l.waiting.iterator_to(g));
    l.backlog -= g.gap_;
    --parts_[g.instance_].waiting;
    --waiting_;
    turn_away(g, refusal_reason::paced, turn - g.latest_);
    tell_(g);
  }
}

void admission::finish(guest& g, ending e, time_point now) {
  assert(g.state_ == guest::state::runs);
  auto& l = *g.line_;
  auto& p = parts_[g.instance_];
  take_off(l);
  --l.running;
  --p.running;
  if (l.leaving == &g) // it was never sent
    l.leaving = nullptr;
  end(g, guest::state::outside);
  if (e != ending::other)
    p.limit.sample(now - g.began_, {g.running_then_, p.running + 1}, e == ending::timed_out, now);
  place(l, now);
  advance(now);
}

void admission::leave(guest& g, time_point now) {
  if (g.state_ == guest::state::runs)
    return finish(g, ending::other, now);
  if (g.state_ != guest::state::waits)
    return;
  auto& l = *g.line_;
  take_off(l);
  l.waiting.erase(l.waiting.iterator_to(g));
  l.backlog -= g.gap_;
  --parts_[g.instance_].waiting;
  --waiting_;
  end(g, guest::state::outside);
  place(l, now);
  advance(now); // whoever stood behind it may be of an instance with room
}

admission::load admission::at(std::size_t instance) const {
  const auto& p = parts_[instance];
  return {p.limit.get(), p.running, p.waiting, p.limit.latency()};
}

} // namespace rollcall::upstream
