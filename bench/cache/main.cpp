#include "rollcall/cache/heap.hpp"

#include "cache/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>

namespace {

using namespace rollcall::cache_bench;

constexpr auto about = "What the memory cache of Rollcall takes, keeps and costs, without a gateway around it.";

} // namespace

int main(int argc, char** argv) {
  CLI::App app(about, "rollcall-cache");
  app.require_subcommand(1);

  evict_options evicting;
  auto* const evict_command =
      app.add_subcommand("evict", "Replays who asked for what: misses of this cache, of LRU, and of the optimum");
  evict_command->add_option("--replay", evicting.replay, "An access log of the gateway, instead of Zipf and one-offs");
  evict_command->add_option("--rooms", evicting.rooms, "Rooms that recur (default 100000)")
      ->check(CLI::Range(1'000, 2'000'000));
  evict_command->add_option("--requests", evicting.requests, "Requests for them (default 1000000)")
      ->check(CLI::Range(1'000, 50'000'000));
  evict_command->add_option("--members", evicting.members, "Of each room (default 40); 0: mixed, 3 to 500")
      ->check(CLI::Range(0, 500));
  evict_command->add_option("--zipf", evicting.zipf, "Exponent (default 0.9)")->check(CLI::Range(0.0, 3.0));
  evict_command->add_option("--seed", evicting.seed, "The same seed asks the same");

  space_options filling;
  auto* const space_command =
      app.add_subcommand("space", "What an entry takes, and whether the process stays within the capacity");
  space_command->add_option("--rooms", filling.rooms, "Rooms that must fit (default 100000)")
      ->check(CLI::Range(1'000, 1'000'000));
  space_command->add_option("--members", filling.members, "Of each (default 40)")->check(CLI::Range(1, 500));
  space_command->add_option("--insertions", filling.insertions, "Of mixed sizes, into the full cache (default 1000000)")
      ->check(CLI::Range(0, 100'000'000));
  space_command->add_option("--threads", filling.threads, "That insert them (default 4)")->check(CLI::Range(1, 64));

  turns_options pushing;
  auto* const turns_command =
      app.add_subcommand("turns", "How long insertions into a full cache take, and look-ups meanwhile");
  turns_command->add_option("--insertions", pushing.insertions, "(default 200000)")
      ->check(CLI::Range(1'000, 100'000'000));

  finds_options looking;
  auto* const finds_command = app.add_subcommand("finds", "What a look-up costs with a thousand to a million entries");
  finds_command->add_option("--most", looking.most, "Entries (default 1000000)")->check(CLI::Range(1'000, 10'000'000));
  finds_command->add_option("--rounds", looking.rounds, "(default 5; the best counts)")->check(CLI::Range(1, 100));

  bool plain_malloc = false;
  app.add_flag("--plain-malloc", plain_malloc, "Leave malloc as it is, which rollcall does not");

  CLI11_PARSE(app, argc, argv);
  if (!plain_malloc)
    rollcall::cache::keep_heap_dense();
  try {
    if (*evict_command)
      evict(evicting);
    if (*space_command && !space(filling))
      return 1;
    if (*turns_command)
      turns(pushing);
    if (*finds_command)
      finds(looking);
  } catch (const std::exception& e) {
    fmt::print(stderr, "rollcall-cache: {}\n", e.what());
    return 2;
  }
  return 0;
}
