#include "cache/trace.hpp"
#include "load/replay.hpp"
#include "upstream/room.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace rollcall::cache_bench {
namespace {

constexpr std::size_t most_requests = 50'000'000;

} // namespace

trace read_trace(const std::string& access_log, std::size_t members, std::uint64_t seed) {
  std::ifstream in(access_log);
  if (!in)
    throw std::runtime_error(access_log + ": cannot be read");
  const standin::room_options options{.seed = seed, .sizes = {}, .style = {}};
  trace t;
  std::unordered_map<std::string, std::uint32_t> known;
  for (std::string line; t.order.size() < most_requests && std::getline(in, line);) {
    const auto logged = load::read_log_line(line);
    if (!logged || !logged->list)
      continue;
    const auto key = fmt::format("{}\n{}\n{}\n{}", logged->token, logged->field, logged->w_id, logged->room);
    const auto [found, is_new] = known.try_emplace(key, static_cast<std::uint32_t>(t.body.size()));
    if (is_new)
      t.body.push_back(body_of(members != 0 ? members : standin::original_size(options, logged->room)));
    t.order.push_back(found->second);
  }
  if (t.order.empty())
    throw std::runtime_error(access_log + ": no line of an access log in it (rollcall --access-log writes one)");
  t.recurring = static_cast<std::uint32_t>(t.body.size());
  return t;
}

} // namespace rollcall::cache_bench
