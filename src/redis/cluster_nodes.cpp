#include "cluster_nodes.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::redis {

cluster_nodes::node::node(const net::executor& where, const host_port& name, endpoint server,
                          connection_options options, std::shared_ptr<connection_stats> stats)
    : who(name), link(where, std::move(server), options, std::move(stats)), opened(net::steady_clock::now()),
      needed(opened) {
  link.start();
}

/// Both are put into the same output before anything else can be, and the reply to ASKING, for which nobody waits, is
/// swallowed by its place in the queue. Should only the command be taken, it is sent elsewhere once more.
net::task<command_result> cluster_nodes::node::send(std::span<const std::string_view> args, bool asking,
                                                    time_point deadline) {
  if (asking) {
    const auto unheard = link.run({"ASKING"}, deadline);
  }
  return link.run(args, deadline);
}

/// The version first: what is written in between is looked up once more.
bool cluster_nodes::node::admitted(const cluster_roll* roll) {
  if (roll != nullptr && admission != roll->version()) {
    admission = roll->version();
    on_roll = roll->admits(who);
  }
  return roll == nullptr || on_roll;
}

cluster_nodes::cluster_nodes(const net::executor& where, endpoint login, connection_options options)
    : where_(where), login_(std::move(login)), options_(options) {}

void cluster_nodes::close() {
  nodes_.clear();
}

cluster_nodes::node* cluster_nodes::find(const host_port& who) const noexcept {
  const auto at = std::ranges::find(nodes_, who, [](const auto& n) -> const host_port& { return n->who; });
  return at == nodes_.end() ? nullptr : at->get();
}

cluster_nodes::node* cluster_nodes::get(const host_port& who, time_point now) {
  if (auto* known = find(who)) {
    known->needed = now;
    return known;
  }
  if (nodes_.size() >= nodes_most) {
    return nullptr;
  }
  auto server = login_;
  server.path.clear();
  server.host = who.host;
  server.port = who.port;
  return nodes_.emplace_back(std::make_unique<node>(where_, who, std::move(server), options_, stats_)).get();
}

void cluster_nodes::keep(std::span<const host_port> masters, time_point now) {
  std::erase_if(nodes_, [&](const auto& n) {
    const bool master = std::ranges::find(masters, n->who) != masters.end();
    return !master && now - n->needed >= linger;
  });
  for (const auto& master : masters) {
    get(master, now);
  }
}

bool cluster_nodes::any_connected() const noexcept {
  return std::ranges::any_of(nodes_, [](const auto& n) { return n->connected(); });
}

bool cluster_nodes::all_connected(std::span<const host_port> masters) const noexcept {
  return std::ranges::all_of(masters, [this](const host_port& who) {
    const auto* n = find(who);
    return n != nullptr && n->connected();
  });
}

} // namespace rollcall::redis
