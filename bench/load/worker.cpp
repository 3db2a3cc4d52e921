#include "load/worker.hpp"

#include "load/clock.hpp"
#include "load/questions.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>

namespace rollcall::load {
namespace {

constexpr std::size_t read_at_once = 1 << 20;
constexpr std::int64_t look_again = 2 * one_millisecond; // while another thread has something to say
constexpr std::int64_t longest_drain = 10 * one_second;

std::int64_t nanoseconds(microseconds d) {
  return std::chrono::nanoseconds(d).count();
}

/// This one's share of what is spread over all threads.
std::size_t share_of(std::size_t count, std::size_t threads, std::size_t index) {
  return count / threads + (index < count % threads ? 1 : 0);
}

} // namespace

worker::worker(const work& todo, control& orders, collector& results, std::size_t index)
    : todo_(todo), plan_(todo.planned), orders_(orders), results_(results), index_(index),
      judge_(todo.questions, todo.people ? &*todo.people : nullptr, todo.changes.get()),
      set_(::epoll_create1(EPOLL_CLOEXEC)), recorded_at_(index), buffer_(read_at_once) {
  if (!set_.open()) {
    herding::fail("epoll_create1");
  }
  usual_ = share_of(plan_.connections, plan_.threads, index);
  const auto herd = plan_.herd ? share_of(plan_.herd->askers, plan_.threads, index) : 0;
  connections_.reserve(usual_ + herd);
  for (std::size_t i = 0; i < usual_ + herd; ++i) {
    auto& c = connections_.emplace_back((i + index) % todo_.targets.size(), i < usual_ ? plan_.pipeline : 1, spare_);
    c.of_herd = i >= usual_;
  }
  if (todo.rooms) {
    wishes_.emplace(*todo.rooms, todo.changes ? plan_.churn : 0, plan_.seed, index);
  }
  scratch_.reserve(64 << 10);
}

void worker::run() {
  ::prctl(PR_SET_TIMERSLACK, 1UL); // 50 us otherwise, by which every intended time would be missed
  prime();
  load();
  finish();
  orders_.workers_done.fetch_add(1);
}

void worker::prime() {
  phase_ = plan_.prime ? phase::priming : phase::waiting;
  for (bool ready = false; orders_.go.load() == control::never && orders_.end.load() == control::never;) {
    const auto now = now_ns();
    sweep(now);
    const bool all_open = std::ranges::none_of(connections_, [this](const connection& c) {
      return c.now() != connection::state::open && c.retry_at == 0 && (c.of_herd || !plan_.reconnect);
    });
    const bool primed = phase_ == phase::waiting || orders_.unprimed.load() >= todo_.usual;
    if (!ready && primed && waiting_ == 0 && all_open) {
      ready = true;
      phase_ = phase::waiting;
      orders_.workers_ready.fetch_add(1);
    }
    poll(now + look_again);
  }
}

void worker::load() {
  const auto go = orders_.go.load();
  if (go == control::never) { // interrupted before it began
    return;
  }
  if (plan_.rate > 0) {
    pace_.emplace(go, plan_.rate, plan_.threads, index_);
  }
  if (plan_.herd) {
    herd_pace_.emplace(go + nanoseconds(plan_.herd->every), 1e6 / static_cast<double>(plan_.herd->every.count()), 1, 0);
  }
  phase_ = phase::loading;
  counted_.bytes_in = counted_.bytes_out = 0; // of priming
  for (auto& c : connections_) {
    on_free(c, now_ns());
  }
  for (auto now = now_ns(); now < orders_.end.load(); now = now_ns()) {
    sweep(now);
    start_herd(now);
    send_due(now);
    report_seconds(now);
    poll(next_wake(now));
  }
}

void worker::finish() {
  phase_ = phase::draining;
  const auto end = orders_.end.load();
  const auto give_up = now_ns() + std::min(longest_drain, nanoseconds(plan_.timeout));
  const auto due = [&] { return pace_ ? pace_->left_before(end) : 0; };
  for (auto now = now_ns(); now < give_up && (waiting_ > 0 || due() > 0); now = now_ns()) {
    sweep(now);
    send_due(now);
    report_seconds(now);
    poll(now + look_again);
  }
  for (auto& c : connections_) {
    lose(c, &failures::timeout, now_ns());
  }
  for (auto left = due(); left > 0; --left) {
    ++counted_.failed.unsent;
    ++moment_of(pace_->next()).errors;
    pace_->advance();
  }
  report_seconds(now_ns());
  results_.merge(second_, counted_);
  results_.merge(moments_);
}

void worker::fill(connection& c, std::int64_t now) {
  while (!c.full()) {
    if (phase_ == phase::priming) {
      const auto next = orders_.unprimed.fetch_add(1);
      if (next >= todo_.usual) {
        break;
      }
      ask(c, {.question = static_cast<std::uint32_t>(next), .intended = now, .sent = now});
    } else if (phase_ != phase::loading || pace_ || now >= orders_.end.load() || !add_wish(c, now, now)) {
      break;
    }
  }
  flush(c, now);
}

/// Of those that may be asked there: sticky bots go to one gateway each.
wishes::wish worker::wish_for(const connection& c) {
  for (;;) {
    const auto wish = wishes_->next();
    const auto bot = wish.room % plan_.bots; // rooms go round the bots
    if (!plan_.sticky || bot % todo_.targets.size() == c.target()) {
      return wish;
    }
  }
}

bool worker::add_wish(connection& c, std::int64_t intended, std::int64_t now) {
  asked q{.intended = intended, .sent = now};
  if (!wishes_) {
    q.question = todo_.recorded[recorded_at_ % todo_.recorded.size()];
    recorded_at_ += plan_.threads;
    ask(c, q);
    return true;
  }
  const auto wish = wish_for(c);
  q.question = static_cast<std::uint32_t>(wish.room);
  if (wish.write && todo_.people->can_grow(wish.room)) {
    if (const auto version = todo_.changes->begin_write(wish.room)) {
      q.what = asked::kind::write;
      q.version = *version;
      const auto change = change_to(*version, *todo_.people, wish.room);
      ask(c, q, change.path, change.token, change.body);
      return true;
    }
  }
  q.version = todo_.changes ? todo_.changes->oldest(wish.room, now) : 0;
  ask(c, q);
  return true;
}

void worker::send_due(std::int64_t now) {
  if (!pace_) {
    return;
  }
  const auto end = orders_.end.load();
  while (!free_.empty() && pace_->next() <= now && pace_->next() < end) {
    auto& c = *free_.front();
    free_.pop_front();
    c.queued = false;
    if (!can_take(c)) {
      continue;
    }
    add_wish(c, pace_->next(), now);
    pace_->advance();
    flush(c, now);
    on_free(c, now);
  }
}

void worker::start_herd(std::int64_t now) {
  if (!herd_pace_ || herd_pace_->next() > now) {
    return;
  }
  const auto intended = herd_pace_->next();
  const auto question = todo_.usual + herd_at_++;
  herd_pace_->advance();
  for (std::size_t i = usual_; i < connections_.size() && question < todo_.questions.size(); ++i) {
    auto& c = connections_[i];
    if (c.now() == connection::state::open && !c.full()) {
      ask(c, {.what = asked::kind::herd,
              .question = static_cast<std::uint32_t>(question),
              .intended = intended,
              .sent = now});
      flush(c, now);
    }
  }
}

void worker::report_seconds(std::int64_t now) {
  const auto begin = orders_.begin.load();
  const auto end = orders_.end.load();
  if (now < begin || end <= begin) {
    counted_.bytes_in = counted_.bytes_out = 0;
    return;
  }
  const auto last = (end - begin - 1) / one_second;
  for (const auto at = static_cast<std::size_t>(std::min((now - begin) / one_second, last)); second_ < at; ++second_) {
    results_.merge(second_, counted_);
    counted_.clear();
  }
}

std::int64_t worker::next_wake(std::int64_t now) const {
  auto wake = std::min(next_sweep_, orders_.end.load());
  if (pace_ && !free_.empty()) {
    wake = std::min(wake, pace_->next());
  }
  if (herd_pace_) {
    wake = std::min(wake, herd_pace_->next());
  }
  return std::max(wake, now);
}

} // namespace rollcall::load
