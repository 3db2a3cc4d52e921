#include "cache/commands.hpp"
#include "cache/policies.hpp"
#include "cache/trace.hpp"
#include "upstream/room.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace rollcall::cache_bench {
namespace {

std::string size_text(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

void print_row(const std::string& first, const std::string& size, const trace& t, std::size_t capacity,
               entry_maker& entries) {
  const auto lru = replay_lru(t, capacity, entries).miss_ratio();
  const auto ours = replay_memory(t, capacity, entries).miss_ratio();
  const auto best = replay_optimum(t, capacity, entries).miss_ratio();
  fmt::print("{:>10} {:>19} {:>8.1f} {:>9.1f} {:>9.1f} {:>16.1f} %\n", first, size, 100 * lru, 100 * ours, 100 * best,
             lru == 0 ? 0.0 : 100 * (lru - ours) / lru);
  std::fflush(stdout);
}

void print_head(const char* first) {
  fmt::print("{:>10} {:>19} {:>8} {:>9} {:>9} {:>18}\n", "", "", "LRU", "Rollcall", "optimum", "fewer misses");
  fmt::print("{:>10} {:>19} {:>8} {:>9} {:>9} {:>18}\n", first, "cache", "missed", "missed", "missed", "than LRU");
}

void replay_log(const evict_options& o) {
  const auto t = read_trace(o.replay, o.members, o.seed);
  entry_maker entries;
  const auto all = footprint(t, entries);
  fmt::print("{} requests for {} lists of {} in all\nmissed, in % of the requests after the first third\n\n",
             t.order.size(), t.recurring, size_text(all));
  print_head("");
  std::size_t capacity = std::size_t{4} << 20;
  for (;; capacity *= 2) {
    print_row("", size_text(capacity), t, capacity, entries);
    if (capacity > all)
      return;
  }
}

void replay_mixtures(const evict_options& o) {
  const standin::room_options options{.seed = o.seed, .sizes = {}, .style = {}};
  mixture m{.body = {}, .one_off_body = body_of(40), .requests = o.requests, .zipf = o.zipf, .seed = o.seed};
  for (std::size_t i = 0; i < o.rooms; ++i)
    m.body.push_back(
        body_of(o.members != 0 ? o.members : standin::original_size(options, fmt::format("{}@chatroom", i))));
  if (o.members != 0)
    m.one_off_body = m.body.front();
  fmt::print("{} requests for {} rooms by Zipf({}), and one-offs between them\n"
             "missed, in % of the requests for those rooms after the first third\n\n",
             o.requests, o.rooms, o.zipf);
  print_head("one-offs");
  entry_maker entries;
  for (const double share : {0.0, 0.2, 0.5, 0.8}) {
    m.one_offs = share;
    const auto t = invent(m);
    const auto all = footprint(t, entries);
    for (const double part : {0.001, 0.01, 0.1}) {
      const auto capacity = static_cast<std::size_t>(static_cast<double>(all) * part);
      print_row(fmt::format("{:.0f} %", 100 * share), fmt::format("{} %, {}", 100 * part, size_text(capacity)), t,
                capacity, entries);
    }
  }
}

} // namespace

void evict(const evict_options& o) {
  if (o.replay.empty())
    replay_mixtures(o);
  else
    replay_log(o);
}

} // namespace rollcall::cache_bench
