#include "rollcall/upstream/shield.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace rollcall::upstream {

using net::steady_clock;

namespace {

// Refusals of one kind that are closer than this are one and the same trouble, of which one line of log is enough.
constexpr std::chrono::minutes quiet{1};

double uniform(std::mt19937_64& from) {
  return static_cast<double>(from() >> 11) * 0x1p-53;
}

std::size_t index_of(refusal_reason r) {
  return static_cast<std::size_t>(r) - 1;
}

std::string_view advice(refusal_reason r) {
  switch (r) {
  case refusal_reason::paced:
    return "bots of one account ask for more than upstream.spacing allows";
  case refusal_reason::overload:
  case refusal_reason::late:
    return "it takes longer to answer than calls come; upstream.concurrency and upstream.per_wid limit them";
  case refusal_reason::full:
    return "too many calls wait, or too many accounts call";
  case refusal_reason::stopping:
    return "this process ends";
  }
  return "";
}

} // namespace

struct pass::waiter : admission::guest, std::enable_shared_from_this<waiter> {
  waiter(const net::executor& where, std::size_t whose) : ex(where), instance(whose), pause(where) {}

  const net::executor ex;
  const std::size_t instance;
  net::timer pause; // of the executor's thread
};

pass::~pass() {
  if (!waiter_)
    return;
  const std::lock_guard lock(shield_->mutex_);
  shield_->queue_.leave(*waiter_, steady_clock::now());
}

void pass::sending() {
  const std::lock_guard lock(shield_->mutex_);
  shield_->queue_.sending(*waiter_, steady_clock::now());
}

bool pass::may_repeat() {
  return !shield_->spaced_ && shield_->may_retry(waiter_->instance);
}

void pass::finish(admission::ending e) {
  const std::lock_guard lock(shield_->mutex_);
  shield_->queue_.finish(*waiter_, e, steady_clock::now());
  waiter_.reset();
}

shield::shield(std::vector<std::string> instances, const shield_options& o)
    : names_(std::move(instances)), spaced_(o.admission.spacing.count() > 0),
      queue_(names_.size(), o.admission, [](admission::guest& g) { wake(g); }) {
  for (std::size_t i = 0; i < names_.size(); ++i)
    parts_.emplace_back(o.retries);
}

// Called with the lock held: what is woken may be gone as soon as it is not.
void shield::wake(admission::guest& g) {
  auto w = static_cast<pass::waiter&>(g).shared_from_this();
  const auto where = w->ex;
  net::asio::post(where, [w = std::move(w)] { w->pause.cancel(); });
}

net::task<std::expected<pass, refusal>> shield::enter(call c, net::executor ex) {
  const auto w = std::make_shared<pass::waiter>(ex, c.instance);
  pass p(*this, w);
  bool waited = false;
  begin(w, c);
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (waited)
        queue_.look(*w, steady_clock::now());
      if (w->now() != admission::guest::state::waits)
        break;
      w->pause.expires_at(w->look_at());
    }
    // A wake since then was posted to this thread, and cancels the wait that begins now.
    waited = true;
    co_await w->pause.async_wait(net::no_throw);
  }
  const bool log = note(*w, c, waited);
  if (w->now() == admission::guest::state::runs)
    co_return std::move(p);
  if (log)
    spdlog::warn("calls to {} are held back ({}): {}", names_[c.instance], to_string(w->why().why),
                 advice(w->why().why));
  co_return std::unexpected(w->why());
}

void shield::begin(const std::shared_ptr<pass::waiter>& w, const call& c) {
  const std::lock_guard lock(mutex_);
  const auto now = steady_clock::now();
  queue_.enter(*w, {c.instance, c.w_id, c.who, c.deadline, uniform(random_)}, now);
  if (w->now() == admission::guest::state::waits && std::ranges::find(abandoned_, &w->ex.context()) != abandoned_.end())
    queue_.refuse(*w, {refusal_reason::stopping, {}}, now);
}

// Counts how it came out. Whether the log is to tell of it.
bool shield::note(const pass::waiter& w, const call& c, bool waited) {
  const std::lock_guard lock(mutex_);
  auto& p = parts_[c.instance];
  if (w.now() == admission::guest::state::runs) {
    p.stats.admitted.add();
    if (!c.again)
      p.budget.deposit(steady_clock::now());
    if (waited)
      p.stats.waited.add();
    return false;
  }
  if (c.who == urgency::refresh) {
    p.stats.skipped.add();
    return false;
  }
  const auto which = index_of(w.why().why);
  p.stats.refused[which].add();
  const auto now = steady_clock::now();
  const auto last = std::exchange(p.refused_at[which], now);
  return last == steady_clock::time_point() || now - last > quiet;
}

bool shield::may_retry(std::size_t instance) {
  const std::lock_guard lock(mutex_);
  auto& p = parts_[instance];
  const bool allowed = p.budget.withdraw(steady_clock::now());
  (allowed ? p.stats.retries : p.stats.retries_denied).add();
  return allowed;
}

void shield::abandon(const net::executor& ex) {
  const std::lock_guard lock(mutex_);
  abandoned_.push_back(&ex.context());
  queue_.refuse_if([&](const admission::guest& g) { return static_cast<const pass::waiter&>(g).ex == ex; },
                   {refusal_reason::stopping, {}}, steady_clock::now());
}

admission::load shield::load(std::size_t instance) const {
  const std::lock_guard lock(mutex_);
  return queue_.at(instance);
}

std::size_t shield::wids() const {
  const std::lock_guard lock(mutex_);
  return queue_.wids();
}

} // namespace rollcall::upstream
