#include "rollcall/cache/memory.hpp"

#include "cache/bodies.hpp"
#include "cache/commands.hpp"
#include "cache/process_memory.hpp"
#include "upstream/random.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

namespace rollcall::cache_bench {
namespace {

constexpr cache::time_point now{};
constexpr std::uint64_t allowance = std::uint64_t{16} << 20;

double mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

standin::room_sizes of(std::size_t members) {
  return {.how = standin::room_sizes::kind::fixed, .fixed = members};
}

/// What is promised to be enough for one list.
std::uint64_t promised(const rendered& r) {
  return r.plain.size() + r.plain.size() / 10 + r.gzip.size() + 200;
}

/// As the gateway does: the plain list first, and again with its gzip variant as soon as that has been made.
void keep(cache::memory& memory, std::uint64_t number, const rendered& r) {
  const cache::entry_ptr e = entry_of(number, r.plain);
  (void)memory.insert(e, now, memory.stamp());
  if (!r.gzip.empty())
    (void)memory.replace(with_gzip(*e, r.gzip));
}

struct sums {
  std::uint64_t plain = 0, gzip = 0, promised = 0;
};

sums sum_up(const std::vector<rendered>& bodies, std::size_t count) {
  sums s;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& r = bodies[i % bodies.size()];
    s.plain += r.plain.size();
    s.gzip += r.gzip.size();
    s.promised += cache_bench::promised(r);
  }
  return s;
}

void measure_entries(std::size_t members, std::size_t count) {
  const auto bodies = render_some(of(members), 1'000);
  const auto s = sum_up(bodies, count);
  const auto heap = heap_in_use();
  cache::memory memory(s.promised * 2);
  const auto empty = memory.stats().bytes;
  const auto made = heap_in_use();
  const auto rss = resident();
  for (std::size_t i = 0; i < count; ++i)
    keep(memory, i, bodies[i % bodies.size()]);
  const auto stats = memory.stats();
  const auto each = [&](std::uint64_t sum) { return static_cast<double>(sum) / static_cast<double>(count); };
  const auto grown = heap_in_use() - made;
  const auto counted = stats.bytes - empty;
  fmt::print("{:>8} {:>8} {:>9.0f} {:>8.0f} {:>9.0f} {:>9.0f} {:>9.0f} {:>9.0f} {:>10.0f} {:>9.4f}\n", members,
             stats.entries, each(s.plain), each(s.gzip), each(grown), each(resident() - rss), each(s.promised),
             each(grown) - each(s.plain) - each(s.gzip), each(made - heap) / 2,
             static_cast<double>(counted) / static_cast<double>(grown));
}

void insert_mixed(cache::memory& memory, const std::vector<rendered>& bodies, std::uint64_t first,
                  std::uint64_t count) {
  standin::random_source random(first);
  for (std::uint64_t i = first; i < first + count; ++i)
    keep(memory, i, bodies[random.below(bodies.size())]);
}

} // namespace

bool space(const space_options& o) {
  fmt::print("bytes of an entry: what malloc gave (heap), what the process grew by (RSS), and what is promised,\n"
             "1.1 x plain + gzip + 200; index: its share of what the cache takes when it is made\n\n"
             "{:>8} {:>8} {:>9} {:>8} {:>9} {:>9} {:>9} {:>9} {:>10} {:>9}\n",
             "members", "entries", "plain", "gzip", "heap", "RSS", "promised", "beyond", "index", "counted/heap");
  for (const std::size_t members : {4U, 40U, 100U})
    measure_entries(members, members == 4 ? o.rooms : o.rooms / 5);

  const auto bodies = render_some(of(o.members), 1'000);
  const auto mixed = render_some({}, 2'000);
  const auto s = sum_up(bodies, o.rooms);
  const auto before = resident();
  cache::memory memory(s.promised);
  std::uint64_t last = 0;
  const auto say = [&](const char* what) {
    const auto stats = memory.stats();
    last = resident() - before;
    fmt::print("{:<28} {:>9} {:>10} {:>12.1f} {:>12.1f} {:>12.1f} {:>8.4f}\n", what, stats.entries, stats.evictions,
               mib(stats.capacity), mib(stats.bytes), mib(last),
               static_cast<double>(last) / static_cast<double>(stats.capacity));
    std::fflush(stdout);
  };
  fmt::print("\n{:<28} {:>9} {:>10} {:>12} {:>12} {:>12} {:>8}\n", "", "entries", "evictions", "capacity MiB",
             "counted MiB", "RSS MiB", "RSS/cap.");
  say("empty");
  for (std::size_t i = 0; i < o.rooms; ++i)
    keep(memory, i, bodies[i % bodies.size()]);
  say(fmt::format("{} rooms of {}", o.rooms, o.members).c_str());
  // Shards are chosen by hash: one of them may get a few more than it has room for.
  const bool all_held = memory.stats().entries >= o.rooms - o.rooms / 200;
  for (int tenth = 1; tenth <= 10; ++tenth) {
    std::vector<std::jthread> threads;
    const auto each = o.insertions / 10 / o.threads;
    for (unsigned i = 0; i < o.threads; ++i)
      threads.emplace_back(insert_mixed, std::ref(memory), std::cref(mixed),
                           (std::uint64_t{1} << 32) + (static_cast<std::uint64_t>(tenth) * o.threads + i) * each, each);
    threads.clear();
    say(fmt::format("and {} mixed ones", each * o.threads * static_cast<unsigned>(tenth)).c_str());
  }
  const bool within = last <= s.promised + s.promised / 6 + allowance;
  fmt::print("\n99.5 % of {} rooms held: {}; RSS in the end at most 7/6 of the capacity and {:.0f} MiB: {}\n", o.rooms,
             all_held ? "yes" : "no", mib(allowance), within ? "yes" : "no");
  return all_held && within;
}

} // namespace rollcall::cache_bench
