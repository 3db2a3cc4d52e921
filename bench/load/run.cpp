#include "load/run.hpp"

#include "load/clock.hpp"
#include "load/process_watch.hpp"
#include "load/progress.hpp"
#include "load/restore.hpp"
#include "load/script.hpp"
#include "load/settings.hpp"
#include "load/upstream_count.hpp"
#include "load/worker.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <thread>

namespace rollcall::load {
namespace {

constexpr std::size_t rooms_worth_asking_each_second = 10'000; // the stand-in lists them all in its statistics
constexpr std::int64_t tick = 20 * one_millisecond;

/// SIGINT and SIGTERM, which no thread takes but the one that asks for them here. A second one ends the process.
class interrupts {
public:
  interrupts() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGINT);
    ::sigaddset(&set_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  interrupts(const interrupts&) = delete;
  ~interrupts() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  /// Whether the run is to end. Waits until the time at most.
  bool wait_until(std::int64_t time) {
    const auto left = std::max<std::int64_t>(time - now_ns(), 0);
    const timespec limit{left / one_second, left % one_second};
    if (::sigtimedwait(&set_, nullptr, &limit) > 0) {
      if (interrupted_) {
        std::_Exit(130);
      }
      interrupted_ = true;
    }
    return interrupted_;
  }

private:
  sigset_t set_{};
  sigset_t before_{};
  bool interrupted_ = false;
};

void take_all_descriptors(const plan& planned) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto needed = planned.connections + (planned.herd ? planned.herd->askers : 0) + 64;
  if (limit.rlim_cur < needed) {
    throw std::runtime_error(fmt::format("{} connections need more descriptors than the {} there may be (ulimit -n)",
                                         needed, limit.rlim_cur));
  }
}

std::int64_t nanoseconds(microseconds d) {
  return std::chrono::nanoseconds(d).count();
}

/// The threads of a run. They end when they are told to, and this ends with them.
class crew {
public:
  crew(const work& todo, control& orders, collector& results) : orders_(orders) {
    for (std::size_t i = 0; i < todo.planned.threads; ++i) {
      workers_.push_back(std::make_unique<worker>(todo, orders, results, i));
    }
    for (auto& each : workers_) {
      threads_.emplace_back([&each] { each->run(); });
    }
  }
  crew(const crew&) = delete;
  ~crew() { orders_.end = std::min(orders_.end.load(), now_ns()); }

  [[nodiscard]] bool ready() const { return orders_.workers_ready.load() == threads_.size(); }
  [[nodiscard]] bool done() const { return orders_.workers_done.load() == threads_.size(); }

private:
  control& orders_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::jthread> threads_; // ends before what it runs
};

/// What is measured beside the answers.
class gauges {
public:
  explicit gauges(const plan& planned) : planned_(planned), script_(planned.events) {
    if (!planned.pids.empty() && !use_of(planned.pids)) {
      throw std::runtime_error("--pid: there is no such process");
    }
    if (planned.upstream_stats) {
      upstream_.emplace(*planned.upstream_stats);
    }
  }

  void begin() {
    used_ = use_of(planned_.pids);
    own_ = own_cpu_us();
    calls_ = calls();
  }
  void during(std::int64_t elapsed, collector& results) {
    script_.step(elapsed);
    const auto second = static_cast<std::size_t>(elapsed / one_second);
    if (second != second_ && planned_.bots * planned_.rooms <= rooms_worth_asking_each_second) {
      note_calls(second - 1, results);
    }
    second_ = second;
  }
  void end(collector& results) {
    note_calls(second_, results);
    own_ = own_cpu_us() - own_;
    last_used_ = use_of(planned_.pids);
  }
  void write(result& into) {
    const auto requests = static_cast<double>(std::max<std::uint64_t>(into.requests, 1));
    into.client_cpu_us_per_request = own_ / requests;
    if (used_ && last_used_) {
      into.cpu_us_per_request = (last_used_->cpu_us - used_->cpu_us) / requests;
      into.rss_bytes = last_used_->rss_bytes;
    }
    if (const auto now = calls(); now && calls_) {
      into.upstream_calls = *now - std::min(*now, *calls_);
    }
    into.events = script_.finish();
  }
  [[nodiscard]] std::int64_t next_event() const { return script_.next().value_or(control::never); }

private:
  [[nodiscard]] std::optional<std::uint64_t> calls() const { return upstream_ ? upstream_->calls() : std::nullopt; }

  void note_calls(std::size_t second, collector& results) const {
    if (const auto now = calls(); now && calls_) {
      results.note_upstream(second, *now - std::min(*now, *calls_));
    }
  }

  const plan& planned_;
  script script_;
  std::optional<upstream_count> upstream_;
  std::optional<process_use> used_;
  std::optional<process_use> last_used_;
  std::optional<std::uint64_t> calls_;
  double own_ = 0;
  std::size_t second_ = 0;
};

/// Leads the crew from the start to the end. Returns for how long it was measured, in nanoseconds.
std::int64_t lead(const plan& planned, control& orders, collector& results, gauges& beside, const crew& hands,
                  interrupts& stop) {
  bool over = false;
  while (!over && !hands.ready()) {
    over = stop.wait_until(now_ns() + tick);
  }
  const auto go = now_ns();
  const auto begin = go + nanoseconds(planned.warmup);
  orders.begin = begin;
  orders.end = over ? go : begin + nanoseconds(planned.duration);
  orders.go = go;
  while (!over && now_ns() < begin) {
    over = stop.wait_until(begin);
  }
  beside.begin();
  progress_lines shown(planned);
  while (!over && now_ns() < orders.end) {
    const auto elapsed = now_ns() - begin;
    beside.during(elapsed, results);
    shown.show(results);
    over = stop.wait_until(
        std::min({now_ns() + tick, orders.end.load(), begin + std::min(beside.next_event(), one_second * 3'600)}));
  }
  orders.end = std::min(orders.end.load(), now_ns());
  beside.end(results);
  while (!hands.done()) {
    stop.wait_until(now_ns() + tick / 4);
  }
  shown.show(results);
  return std::max<std::int64_t>(orders.end - begin, 0);
}

} // namespace

result run(const plan& planned) {
  take_all_descriptors(planned);
  const auto todo = prepare(planned);
  gauges beside(planned);
  control orders;
  collector results(planned.threads);
  result made;
  made.settings = settings_of(planned);
  made.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  std::int64_t measured = 0;
  {
    interrupts stop; // before there are threads, which inherit that they take none
    const crew hands(todo, orders, results);
    measured = lead(planned, orders, results, beside, hands, stop);
  }
  take(made, results.total(), static_cast<double>(measured) / 1e9);
  made.series = results.series();
  made.moments = results.all_moments();
  beside.write(made);
  if (const auto left = restore_rooms(todo); left > 0) {
    fmt::print(stderr, "rollcall-bench: {} rooms could not be restored: start the stand-in anew\n", left);
  }
  return made;
}

} // namespace rollcall::load
