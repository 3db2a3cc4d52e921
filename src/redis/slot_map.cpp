#include "slot_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <tuple>

namespace rollcall::redis {
namespace {

constexpr std::size_t host_most = 253;
/// That are remembered: they are only asked which node has which slot.
constexpr std::size_t replicas_most = 256;

std::optional<host_port> read_node(const reply& node, const host_port& asked) {
  if (!node.is(reply::kind::array) || node.size() < 2 || !node[1].is(reply::kind::integer)) {
    return std::nullopt;
  }
  const auto port = node[1].integer();
  // Nil and "" say that the node does not know its own address, and that the one it was asked at will do.
  const auto host = node[0].text().empty() ? std::string_view(asked.host) : node[0].text();
  if (!is_host(host) || port < 1 || port > std::numeric_limits<std::uint16_t>::max()) {
    return std::nullopt;
  }
  return host_port{std::string(host), static_cast<std::uint16_t>(port)};
}

/// Slots that have one master.
struct slot_row {
  std::size_t first = 0;
  std::size_t size = 0;
  const reply* nodes = nullptr; ///< from its third element on
};

std::optional<slot_row> read_row(const reply& row) {
  if (!row.is(reply::kind::array) || row.size() < 3 || !row[0].is(reply::kind::integer) ||
      !row[1].is(reply::kind::integer)) {
    return std::nullopt;
  }
  const auto first = row[0].integer();
  const auto last = row[1].integer();
  if (first < 0 || last < first || last >= static_cast<std::int64_t>(slot_count)) {
    return std::nullopt;
  }
  return slot_row{static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1), &row};
}

/// In the order of their slots: nodes list them in different ones, and what is the same shall look the same.
std::expected<std::vector<slot_row>, std::string> read_rows(const reply& r) {
  if (!r.is(reply::kind::array) || r.size() > slot_count) {
    return std::unexpected("the reply to CLUSTER SLOTS is no list of slots");
  }
  std::vector<slot_row> rows;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const auto row = read_row(r[i]);
    if (!row) {
      return std::unexpected("the reply to CLUSTER SLOTS has a row that is none");
    }
    rows.push_back(*row);
  }
  std::ranges::sort(rows, {}, &slot_row::first);
  const auto overlap =
      std::ranges::adjacent_find(rows, [](const auto& a, const auto& b) { return a.first + a.size > b.first; });
  if (overlap != rows.end()) {
    return std::unexpected(fmt::format("slots from {} on have two masters", overlap->first));
  }
  return rows;
}

} // namespace

bool is_host(std::string_view host) noexcept {
  // "?" is how Redis announces a name that it has not been given.
  return !host.empty() && host.size() <= host_most && host != "?" &&
         std::ranges::all_of(host, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool slot_map::complete() const noexcept {
  return std::ranges::find(owners_, nobody) == owners_.end();
}

std::uint16_t slot_map::index_of(const host_port& master) {
  const auto at = std::ranges::find(masters_, master);
  const auto index = static_cast<std::uint16_t>(at - masters_.begin());
  if (at != masters_.end()) {
    return index;
  }
  if (masters_.size() >= masters_most) {
    return nobody;
  }
  masters_.push_back(master);
  return index;
}

bool slot_map::learn(std::uint16_t slot, const host_port& where) {
  const auto index = index_of(where);
  if (index == nobody) {
    return false;
  }
  owners_[slot] = index;
  return true;
}

void slot_map::add_replicas(const reply& row, const host_port& asked) {
  for (std::size_t n = 3; n < row.size() && replicas_.size() < replicas_most; ++n) {
    const auto replica = read_node(row[n], asked);
    if (replica && std::ranges::find(replicas_, *replica) == replicas_.end()) {
      replicas_.push_back(*replica);
    }
  }
}

std::expected<slot_map, std::string> read_slot_map(const reply& r, const host_port& asked) {
  const auto rows = read_rows(r);
  if (!rows) {
    return std::unexpected(rows.error());
  }
  slot_map map;
  for (const auto& row : *rows) {
    const auto master = read_node((*row.nodes)[2], asked);
    if (!master) {
      continue;
    }
    const auto index = map.index_of(*master);
    if (index == slot_map::nobody) {
      return std::unexpected(fmt::format("there are more than {} masters", slot_map::masters_most));
    }
    std::ranges::fill(std::span(map.owners_).subspan(row.first, row.size), index);
    map.add_replicas(*row.nodes, asked);
  }
  std::ranges::sort(map.replicas_, {}, [](const host_port& h) { return std::tie(h.host, h.port); });
  return map;
}

cluster_state read_cluster_info(std::string_view text) {
  cluster_state state;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    constexpr std::string_view epoch = "cluster_current_epoch:";
    if (line == "cluster_state:ok") {
      state.ok = true;
    } else if (line.starts_with(epoch)) {
      std::from_chars(line.data() + epoch.size(), line.data() + line.size(), state.epoch);
    }
  }
  return state;
}

} // namespace rollcall::redis
