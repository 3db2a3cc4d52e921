#include "load/work.hpp"

#include "load/questions.hpp"
#include "load/replay.hpp"

#include <chrono>

namespace rollcall::load {
namespace {

using std::chrono::system_clock;

/// Another gateway hears of a change within a round trip to Redis.
constexpr std::chrono::nanoseconds grace_of_a_fleet = std::chrono::milliseconds(50);

/// Rooms that no run asked for before: a herd finds a cache that it did not warm itself.
std::uint64_t first_of_herds() {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch());
  return static_cast<std::uint64_t>(now.count()) * 1'000;
}

std::size_t herds_of(const plan& planned) {
  return static_cast<std::size_t>((planned.warmup + planned.duration) / planned.herd->every) + 1;
}

} // namespace

work prepare(const plan& planned) {
  work made{planned, {}, request_text(planned), catalogue(), {}, {}, {}, nullptr, 0};
  for (const auto& target : planned.targets) {
    made.targets.push_back(find(target));
  }
  if (!planned.replay.empty()) {
    made.recorded = read_log(made.questions, planned.replay, planned.seed, planned.members.rooms, planned.verify);
    made.usual = made.questions.size();
    return made;
  }
  auto& people = made.people.emplace(planned.bots, planned.rooms, planned.members, planned.seed);
  (planned.passthrough ? ask_for_members : ask_for_lists)(made.questions, people, planned.verify);
  made.usual = people.size();
  made.rooms.emplace(made.usual, planned.zipf);
  if (planned.herd) {
    people.extend(herds_of(planned), first_of_herds());
    ask_for_lists(made.questions, people, planned.verify);
  }
  if (planned.churn > 0) {
    made.changes = std::make_unique<versions>(made.usual, planned.targets.size() > 1 ? grace_of_a_fleet.count() : 0);
  }
  return made;
}

} // namespace rollcall::load
