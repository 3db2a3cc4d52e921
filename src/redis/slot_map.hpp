#pragma once

#include "rollcall/redis/endpoint.hpp"
#include "rollcall/redis/reply.hpp"

#include "key_slot.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::redis {

/// Whether `host` is fit to be connected to, and to be printed: what a server announces may be anything.
bool is_host(std::string_view host) noexcept;

/// Which master of a cluster has which slot, as far as one of its nodes has told.
class slot_map {
public:
  /// Masters of one cluster, by far more than are in use anywhere; each of them costs every thread a connection.
  static constexpr std::size_t masters_most = 128;
  static constexpr std::uint16_t nobody = std::numeric_limits<std::uint16_t>::max();

  slot_map() : owners_(slot_count, nobody) {}

  /// An index into masters(), or `nobody`. `slot` is below slot_count.
  [[nodiscard]] std::uint16_t owner(std::uint16_t slot) const noexcept { return owners_[slot]; }

  /// Those that have slots, and those that had before learn().
  [[nodiscard]] const std::vector<host_port>& masters() const noexcept { return masters_; }
  [[nodiscard]] const std::vector<host_port>& replicas() const noexcept { return replicas_; }
  /// Every slot has an owner.
  [[nodiscard]] bool complete() const noexcept;

  /// `slot` is at `where`, a redirection says. Appended to masters() when it is a new one. False when there would be
  /// too many of them.
  bool learn(std::uint16_t slot, const host_port& where);

  bool operator==(const slot_map&) const = default;

private:
  friend std::expected<slot_map, std::string> read_slot_map(const reply& r, const host_port& asked);
  std::uint16_t index_of(const host_port& master);
  void add_replicas(const reply& row, const host_port& asked);

  std::vector<std::uint16_t> owners_;
  std::vector<host_port> masters_;
  std::vector<host_port> replicas_;
};

/// Reads the reply to CLUSTER SLOTS, which `asked` gave: where a node has no host, that is the one that was asked.
/// Slots whose master cannot be reached by what is announced have no owner. What contradicts itself is refused as a
/// whole, in a sentence.
std::expected<slot_map, std::string> read_slot_map(const reply& r, const host_port& asked);

/// What CLUSTER INFO tells of how far a node's word can be trusted.
struct cluster_state {
  /// The node thinks that the cluster is at work.
  bool ok = false;
  /// Grows with each change of the cluster; a node that has been cut off stays behind.
  std::uint64_t epoch = 0;
};

/// From the text of CLUSTER INFO; what is not in it stays as it is by default.
cluster_state read_cluster_info(std::string_view text);

} // namespace rollcall::redis
