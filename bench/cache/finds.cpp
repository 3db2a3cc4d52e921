#include "rollcall/cache/memory.hpp"

#include "cache/bodies.hpp"
#include "cache/commands.hpp"
#include "upstream/random.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <utility>
#include <vector>

namespace rollcall::cache_bench {
namespace {

using timer = std::chrono::steady_clock;
constexpr cache::time_point now{};
constexpr std::size_t finds_a_round = 1'000'000;

struct cost {
  double find = std::numeric_limits<double>::max();     ///< nanoseconds
  double and_read = std::numeric_limits<double>::max(); ///< with every cache line of the bytes that go out
};

/// The identities are made before, in the order in which they are asked for, so that neither costs a miss.
cost measure(cache::memory& memory, const std::vector<cache::identity>& asked, bool read) {
  std::uint64_t sum = 0;
  const auto from = timer::now();
  for (std::size_t i = 0; i < finds_a_round; ++i) {
    const auto held = memory.find(asked[i % asked.size()], now);
    if (held.entry == nullptr)
      throw std::runtime_error("an entry is not there");
    if (read)
      for (std::size_t at = 0; at < held.entry->plain->bytes().size(); at += 64)
        sum += static_cast<unsigned char>(held.entry->plain->bytes()[at]);
    sum += held.entry->version;
  }
  const auto taken = std::chrono::duration<double, std::nano>(timer::now() - from).count() / finds_a_round;
  if (sum == 0)
    throw std::runtime_error("nothing was read");
  return read ? cost{.and_read = taken} : cost{.find = taken};
}

std::vector<std::size_t> shuffled(std::size_t count) {
  std::vector<std::size_t> numbers(count);
  standin::random_source random(3);
  for (std::size_t i = 0; i < count; ++i) {
    const auto j = random.below(i + 1);
    numbers[i] = numbers[j];
    numbers[j] = i;
  }
  return numbers;
}

} // namespace

void finds(const finds_options& o) {
  const auto bodies = render_some({.how = standin::room_sizes::kind::fixed, .fixed = 4}, 1'000);
  fmt::print("nanoseconds for a look-up, in a random order, of lists of 4 members\n\n{:>9} {:>10} {:>26}\n", "entries",
             "find()", "and a look at all its bytes");
  for (std::size_t count = 1'000; count <= o.most; count *= count == 1'000 ? 100 : 10) {
    cache::memory memory(count * 4'096);
    for (std::size_t i = 0; i < count; ++i)
      (void)memory.insert(entry_of(i, bodies[i % bodies.size()].plain), now, memory.stamp());
    std::vector<cache::identity> asked;
    for (const auto number : shuffled(count))
      asked.push_back(identity_of(number));
    cost best;
    for (std::size_t round = 0; round < o.rounds; ++round) {
      best.find = std::min(best.find, measure(memory, asked, false).find);
      best.and_read = std::min(best.and_read, measure(memory, asked, true).and_read);
    }
    fmt::print("{:>9} {:>10.0f} {:>26.0f}\n", memory.stats().entries, best.find, best.and_read);
    std::fflush(stdout);
  }
}

} // namespace rollcall::cache_bench
