#include "load/settings.hpp"

#include "upstream/json_text.hpp"

#include <fmt/format.h>

namespace rollcall::load {
namespace {

std::string seconds(microseconds d) {
  return fmt::format("{}", std::chrono::duration<double>(d).count());
}

std::string targets_of(const plan& planned) {
  std::string list = "[";
  for (const auto& each : planned.targets) {
    list += list.size() > 1 ? "," : "";
    list += standin::json_string("http://" + each.authority());
  }
  return list + ']';
}

std::string members_of(const members_wanted& wanted) {
  using kind = standin::room_sizes::kind;
  if (wanted.least > 0) {
    return fmt::format(R"("{}-{}")", wanted.least, wanted.most);
  }
  return wanted.rooms.how == kind::fixed   ? fmt::format("{}", wanted.rooms.fixed)
         : wanted.rooms.how == kind::small ? R"("small")"
                                           : R"("mixed")";
}

} // namespace

std::vector<std::pair<std::string, std::string>> settings_of(const plan& p) {
  std::vector<std::pair<std::string, std::string>> made{
      {"target", targets_of(p)},
      {"connections", fmt::format("{}", p.connections)},
      {"threads", fmt::format("{}", p.threads)},
      {"duration", seconds(p.duration)},
      {"warmup", seconds(p.warmup)},
      {"timeout", seconds(p.timeout)},
      {"rate", p.rate > 0 ? fmt::format("{}", p.rate) : "null"},
      {"reconnect", p.reconnect ? "true" : "false"},
      {"sticky", p.sticky ? "true" : "false"},
      {"pipeline", fmt::format("{}", p.pipeline)},
      {"gzip", p.gzip ? "true" : "false"},
      {"passthrough", p.passthrough ? "true" : "false"},
      {"prime", p.prime ? "true" : "false"},
      {"verify", p.verify ? "true" : "false"},
      {"seed", fmt::format("{}", p.seed)},
      {"members", members_of(p.members)},
  };
  if (!p.replay.empty()) {
    made.emplace_back("replay", standin::json_string(p.replay));
    return made;
  }
  made.emplace_back("bots", fmt::format("{}", p.bots));
  made.emplace_back("rooms", fmt::format("{}", p.rooms));
  made.emplace_back("zipf", fmt::format("{}", p.zipf));
  made.emplace_back("churn", fmt::format("{}", p.churn));
  made.emplace_back(
      "herd", p.herd ? fmt::format(R"("every={}ms,askers={}")", p.herd->every.count() / 1000, p.herd->askers) : "null");
  return made;
}

} // namespace rollcall::load
