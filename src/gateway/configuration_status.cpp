#include "rollcall/gateway/configuration_status.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace rollcall::gateway {

void configuration_status::taken(const ops::config_changes& changed) {
  loaded = std::chrono::system_clock::now();
  error.clear();
  failing.subtract(failing.get());
  reloads.add();
  needs_restart = changed.at_start;
  if (changed.live.empty())
    spdlog::info("configuration read again: nothing has changed that can change without a restart");
  else
    spdlog::info("configuration read again: changed {}", fmt::join(changed.live, ", "));
  if (!needs_restart.empty())
    spdlog::warn("configuration read again: {} {} as at the start; changing {} needs a restart",
                 fmt::join(needs_restart, ", "), needs_restart.size() == 1 ? "stays" : "stay",
                 needs_restart.size() == 1 ? "it" : "them");
}

void configuration_status::refused(std::string why) {
  error = std::move(why);
  refusals.add();
  failing.subtract(failing.get());
  failing.add();
  spdlog::error("configuration refused, the one before stays in force: {}", error);
}

} // namespace rollcall::gateway
