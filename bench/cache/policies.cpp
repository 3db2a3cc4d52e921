#include "cache/policies.hpp"

#include "rollcall/cache/memory.hpp"

#include <fmt/format.h>

#include <iterator>
#include <limits>
#include <list>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace rollcall::cache_bench {
namespace {

constexpr cache::time_point now{};
constexpr cache::time_point never{cache::milliseconds(1)};

cache::identity identity_of(std::uint32_t list) {
  const fmt::format_int number(list);
  return {"0123456789abcdef", "wcId", "w-1", std::string_view(number.data(), number.size())};
}

/// Counts what `found(list, place in the order)` says.
template <class F>
outcome count(const trace& t, F found) {
  outcome o;
  const auto warm = t.order.size() / 3;
  for (std::size_t i = 0; i < t.order.size(); ++i) {
    const bool was_found = found(t.order[i], i);
    const bool counts = i >= warm && t.order[i] < t.recurring;
    o.asked += counts;
    o.found += counts && was_found;
  }
  return o;
}

/// For each request, the place of the next one for the same list.
std::vector<std::uint32_t> next_uses(const trace& t) {
  constexpr auto never_again = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> next(t.order.size());
  std::vector<std::uint32_t> latest(t.body.size(), never_again);
  for (std::size_t i = t.order.size(); i-- > 0;) {
    next[i] = latest[t.order[i]];
    latest[t.order[i]] = static_cast<std::uint32_t>(i);
  }
  return next;
}

} // namespace

const entry_maker::shape& entry_maker::shape_of(std::uint32_t body) {
  auto& s = shapes_[body];
  if (s.plain == nullptr) {
    constexpr std::string_view type = "application/json;charset=UTF-8";
    s.plain = cache::variant::make(type, "", std::string(body, 'x'));
    if (body > cache::compress_above)
      s.gzip = cache::variant::make(type, "gzip", std::string(body / 10 * 3, 'z'));
    cache::entry e{
        .id = identity_of(0), .fetched_at = {}, .fresh_until = {}, .serve_until = {}, .plain = s.plain, .gzip = s.gzip};
    s.bytes = e.bytes();
  }
  return s;
}

cache::entry_ptr entry_maker::make(cache::identity id, std::uint32_t body) {
  const auto& s = shape_of(body);
  auto e = std::make_shared<cache::entry>();
  e->id = std::move(id);
  e->serve_until = never;
  e->plain = s.plain;
  e->gzip = s.gzip;
  return e;
}

std::size_t entry_maker::bytes(std::uint32_t body) {
  return shape_of(body).bytes;
}

std::uint64_t footprint(const trace& t, entry_maker& entries) {
  std::uint64_t sum = 0;
  for (std::uint32_t list = 0; list < t.recurring; ++list)
    sum += entries.bytes(t.body[list]);
  return sum;
}

outcome replay_memory(const trace& t, std::size_t capacity, entry_maker& entries) {
  cache::memory memory(capacity);
  return count(t, [&](std::uint32_t list, std::size_t) {
    auto id = identity_of(list);
    if (memory.find(id, now).entry != nullptr)
      return true;
    (void)memory.insert(entries.make(std::move(id), t.body[list]), now, memory.stamp());
    return false;
  });
}

outcome replay_lru(const trace& t, std::size_t capacity, entry_maker& entries) {
  std::list<std::uint32_t> order; // the latest first
  std::vector<std::list<std::uint32_t>::iterator> places(t.body.size(), order.end());
  std::size_t bytes = 0;
  return count(t, [&](std::uint32_t list, std::size_t) {
    if (places[list] != order.end()) {
      order.splice(order.begin(), order, places[list]);
      return true;
    }
    places[list] = order.insert(order.begin(), list);
    for (bytes += entries.bytes(t.body[list]); bytes > capacity; order.pop_back()) {
      bytes -= entries.bytes(t.body[order.back()]);
      places[order.back()] = order.end();
    }
    return false;
  });
}

outcome replay_optimum(const trace& t, std::size_t capacity, entry_maker& entries) {
  const auto next = next_uses(t);
  std::vector<std::uint32_t> due(t.body.size()); // 0: not held
  std::priority_queue<std::pair<std::uint32_t, std::uint32_t>> furthest;
  std::size_t bytes = 0;
  return count(t, [&](std::uint32_t list, std::size_t at) {
    const bool held = due[list] != 0;
    due[list] = next[at];
    furthest.emplace(due[list], list);
    if (held)
      return true;
    bytes += entries.bytes(t.body[list]);
    while (bytes > capacity) {
      const auto [when, which] = furthest.top();
      furthest.pop();
      if (due[which] != when)
        continue; // it has been asked for since, or has gone
      bytes -= entries.bytes(t.body[which]);
      due[which] = 0;
    }
    return false;
  });
}

} // namespace rollcall::cache_bench
