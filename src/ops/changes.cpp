#include "rules.hpp"

#include <fmt/format.h>

namespace rollcall::ops {

config_changes take_over(config& running, const config& wanted) {
  config_changes changed;
  const auto note = [&](bool live, std::string key) {
    (live ? changed.live : changed.at_start).push_back(std::move(key));
    return live;
  };
  for (const auto& each : config_rules())
    if (!each.same(running, wanted) && note(each.live, fmt::format("{}.{}", each.section, each.name)))
      each.copy(running, wanted);
  if (running.upstream.instances != wanted.upstream.instances && note(instances_are_live, "upstream.instance"))
    running.upstream.instances = wanted.upstream.instances;
  return changed;
}

} // namespace rollcall::ops
