#include "rollcall/cache/memory.hpp"

#include "cache/bodies.hpp"
#include "cache/commands.hpp"
#include "upstream/random.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

namespace rollcall::cache_bench {
namespace {

using timer = std::chrono::steady_clock;
constexpr cache::time_point now{};

/// How often the system has taken the processor from this thread.
long preemptions() {
  rusage used{};
  getrusage(RUSAGE_THREAD, &used);
  return used.ru_nivcsw;
}

/// To be used by one thread at a time. Leaves out what took long because another process had its turn.
class times {
public:
  template <class F>
  void take(F f) {
    constexpr double suspicious = 20;
    const auto from = timer::now();
    f();
    const auto took = std::chrono::duration<double, std::micro>(timer::now() - from).count();
    if (took > suspicious) {
      const auto before = std::exchange(preempted_, preemptions());
      if (preempted_ != before) {
        ++left_out_;
        return;
      }
    }
    each_.push_back(took);
  }
  void print(const char* what) {
    std::ranges::sort(each_);
    const auto at = [&](double share) {
      return each_[static_cast<std::size_t>(share * static_cast<double>(each_.size() - 1))];
    };
    fmt::print("{:<38} {:>9} {:>8.2f} {:>8.2f} {:>8.2f} {:>9.2f} {:>9}\n", what, each_.size(), at(0.5), at(0.99),
               at(0.999), at(1), left_out_);
    std::fflush(stdout);
  }

private:
  std::vector<double> each_;
  std::size_t left_out_ = 0;
  long preempted_ = 0;
};

/// Look-ups by another thread, for as long as this lives, of what is asked for all the time.
class finder {
public:
  explicit finder(cache::memory& memory)
      : thread_([this, &memory](const std::stop_token& stop) {
          standin::random_source random(7);
          while (!stop.stop_requested()) {
            const auto id = identity_of(random.below(1'000));
            times_.take([&] { (void)memory.find(id, now); });
          }
        }) {}
  void print(const char* what) {
    thread_.request_stop();
    thread_.join();
    times_.print(what);
  }

private:
  times times_;
  std::jthread thread_;
};

} // namespace

void turns(const turns_options& o) {
  const auto mixed = render_some({}, 1'000);
  const auto small = render_some({.how = standin::room_sizes::kind::fixed, .fixed = 4}, 1'000);
  const std::string large(1 << 20, 'x');
  cache::memory memory(o.capacity);
  fmt::print("a cache of {} MiB; microseconds\n\n{:<38} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9}\n", o.capacity >> 20, "",
             "count", "p50", "p99", "p99.9", "max", "left out");
  std::uint64_t number = 0;
  const auto insert = [&](std::string_view body, times* into) {
    cache::entry_ptr e = entry_of(number++, body);
    const auto put = [&] { (void)memory.insert(std::move(e), now, memory.stamp()); };
    if (into != nullptr)
      into->take(put);
    else
      put();
  };
  while (memory.stats().evictions == 0)
    for (int i = 0; i < 100; ++i)
      insert(mixed[number % mixed.size()].plain, nullptr);

  {
    finder alone(memory);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    alone.print("look-ups, nobody inserts");
  }
  const auto run = [&](const char* what, std::size_t count, const auto& body) {
    times taken;
    finder other(memory);
    const auto before = memory.stats();
    for (std::size_t i = 0; i < count; ++i)
      insert(body(i), &taken);
    const auto after = memory.stats();
    taken.print(what);
    other.print("  look-ups meanwhile");
    fmt::print("  {:.2f} evictions an insertion; at most {} entries looked at in a turn\n",
               static_cast<double>(after.evictions - before.evictions) / static_cast<double>(count),
               after.longest_turn);
  };
  run("insertions of mixed sizes", o.insertions,
      [&](std::size_t) -> std::string_view { return mixed[number % mixed.size()].plain; });
  run("insertions of 4 members", o.insertions,
      [&](std::size_t) -> std::string_view { return small[number % small.size()].plain; });
  run("one of 1 MiB to 499 of 4 members", o.insertions, [&](std::size_t i) -> std::string_view {
    return i % 500 == 0 ? std::string_view(large) : std::string_view(small[number % small.size()].plain);
  });
  times purge;
  finder other(memory);
  std::size_t dropped = 0;
  for (std::uint64_t account = 0; account < 1'000; ++account)
    purge.take([&] { dropped += memory.purge(cache::scope::account(identity_of(account).parts().w_id)).size(); });
  purge.print(fmt::format("purges of an account of {} lists", dropped / 1'000).c_str());
  other.print("  look-ups meanwhile");
}

} // namespace rollcall::cache_bench
