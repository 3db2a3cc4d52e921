#include "rollcall/upstream/concurrency_limit.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rollcall::upstream {

namespace {

// Where it begins: as Netflix' does.
constexpr double limit_at_first = 20;

// A window is this many calls, or, with a slow instance, what ends within a second, if that is enough for a mean.
constexpr unsigned window_calls = 100;
constexpr unsigned window_calls_least = 20;
constexpr std::chrono::milliseconds window_least{100};
constexpr std::chrono::milliseconds window_usual{1000};

// Latency may exceed its floor by this much before it counts as queueing: means of so few calls differ by chance alone.
constexpr double tolerance = 1.5;
// The least gradient, and the share of the way that is gone in one window: one odd window costs an eighth.
constexpr double gradient_least = 0.5;
constexpr double step = 0.25;
// While it climbs, or looks for its place, in one window.
constexpr double climb = 1.5;
constexpr double fall = 1 / climb;
// So much less or more must have been running for the latencies of two windows to tell a queue from a slow instance.
constexpr double telling_drop = 0.7;
constexpr double telling_rise = 1.4;
// ... and so many times in a row: one may be chance, and when an instance has just lost capacity, its queue still grows
// while calls get fewer.
constexpr int unmoved_enough = 2;

// How fast the floor follows a window below it, and one that is as good as the same: a window is low by chance as well.
constexpr double sink = 0.2;
constexpr double rise = 0.02;
constexpr double same = 1.2;

constexpr double smoothing = 0.1;

} // namespace

concurrency_limit::concurrency_limit(const concurrency_options& o)
    : options_(o), limit_(o.least >= o.most ? o.most : std::clamp<double>(limit_at_first, o.least, o.most)) {}

void concurrency_limit::sample(duration took, running among, bool timed_out, time_point now) {
  const auto ns = static_cast<double>(std::max(took, duration(1)).count());
  smoothed_ = smoothed_ == 0 ? ns : smoothed_ + smoothing * (ns - smoothed_);
  if (open_.calls == 0)
    open_.began = now;
  ++open_.calls;
  open_.peak = std::max({open_.peak, among.at_first, among.at_last});
  open_.timed_out |= timed_out;
  open_.latency += ns;
  open_.running += among.at_first;
  const auto lasted = now - open_.began;
  const auto enough = open_.calls >= window_calls ? window_least : window_usual;
  const bool whole =
      open_.calls >= window_calls_least && lasted >= enough &&
      static_cast<double>(lasted.count()) * open_.calls >= open_.latency; // else the slow ones are missing
  if (!whole || options_.least >= options_.most)
    return;
  auto w = std::exchange(open_, window{});
  w.latency /= w.calls;
  w.running /= w.calls;
  close(w);
}

void concurrency_limit::close(const window& w) {
  learn_floor(w);
  compare(w);
  move(w);
}

// Close to the lowest latency that was seen; before anything is known, only if the limit held nothing back, so that a
// queue which has been there from the beginning is not taken for the way things are. What is measured at the least
// limit is as good as it gets.
void concurrency_limit::learn_floor(const window& w) {
  if (w.timed_out)
    return;
  const bool held_back = w.peak >= get();
  const bool at_least = get() == options_.least && w.running <= options_.least;
  if (floor_ == 0 ? !held_back || at_least : at_least && w.latency > floor_)
    floor_ = w.latency;
  else if (w.latency < floor_)
    floor_ += sink * (w.latency - floor_);
  else if (w.latency < floor_ * same)
    floor_ += rise * (w.latency - floor_);
}

// With a queue, latency rises and falls as what is running does (Little's law); without one, it stays. What lies in
// between is more likely a queue: that mistake is found out by the next comparison, and a floor too high is not.
void concurrency_limit::compare(const window& w) {
  if (before_.latency == 0)
    return;
  const double running = w.running / before_.running;
  if (running > telling_drop && running < telling_rise)
    return;
  const double followed = w.latency / before_.latency;
  const double bound = running < 1 ? (1 + running) / 2 : (3 + running) / 4;
  const bool stayed = running < 1 ? followed > bound : followed < bound;
  if (!stayed || w.timed_out || before_.timed_out) {
    unmoved_ = 0;
    falling_ |= running > 1;
  } else if (++unmoved_ >= unmoved_enough) {
    floor_ = running < 1 ? w.latency : std::min(w.latency, before_.latency);
  }
  before_ = {};
}

void concurrency_limit::move(const window& w) {
  const double from = limit_;
  if (floor_ == 0) // nothing is known: first more of them, and fewer if that made all of them slower
    limit_ *= falling_ ? fall : climb;
  else if (w.peak * 2 < get())
    return; // nobody wants more, and fewer would change nothing
  else
    follow(w);
  limit_ = std::clamp<double>(limit_, options_.least, options_.most);
  falling_ |= limit_ >= options_.most;
  if (limit_ > from && floor_ != 0) {
    before_ = {};
    unmoved_ = 0;
  } else if (before_.latency == 0)
    before_ = {w.latency, w.running, w.timed_out};
}

void concurrency_limit::follow(const window& w) {
  const double gradient = std::clamp(tolerance * floor_ / w.latency, gradient_least, 1.0);
  climbing_ = gradient == 1 && !w.timed_out && (climbing_ || limit_ <= options_.least);
  limit_ = climbing_ ? limit_ * climb : limit_ + step * (limit_ * gradient + std::sqrt(limit_) - limit_);
}

} // namespace rollcall::upstream
