#include "survey.hpp"

#include <utility>

namespace rollcall::redis {
namespace {

bool is_list(const reply& r) {
  return r.is(reply::kind::array);
}

/// Who may not ask learns nothing of epochs, and still has the map.
bool is_anything(const reply&) {
  return true;
}

} // namespace

survey::survey(const net::executor& where, endpoint server, connection_options options,
               std::shared_ptr<connection_stats> stats)
    : session(where, server, options, std::move(stats)), asked_{server.host, server.port} {}

/// The state first: a map that is newer than it was said to be does no harm.
net::task<bool> survey::begin() {
  const auto info = co_await ask("CLUSTER INFO", {"CLUSTER", "INFO"}, is_anything);
  if (!info) {
    co_return false;
  }
  const auto slots = co_await ask("CLUSTER SLOTS", {"CLUSTER", "SLOTS"}, is_list);
  if (!slots) {
    co_return false;
  }
  auto map = read_slot_map(*slots, asked_);
  if (!map) {
    end(std::move(map.error()));
    co_return false;
  }
  told_ = answer{std::move(*map), read_cluster_info(info->text())};
  co_return true;
}

} // namespace rollcall::redis
