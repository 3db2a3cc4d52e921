#pragma once

#include "session.hpp"
#include "slot_map.hpp"

#include <memory>
#include <optional>

namespace rollcall::redis {

/// A session that asks a node of a cluster which node has which slot. It has been told when open() says true, and is of
/// no more use then.
class survey final : public session {
public:
  struct answer {
    slot_map map;
    cluster_state state;
  };

  /// `server.host` and `server.port` are the node's.
  survey(const net::executor& where, endpoint server, connection_options options,
         std::shared_ptr<connection_stats> stats);

  [[nodiscard]] std::optional<answer>& told() noexcept { return told_; }

private:
  net::task<bool> begin() override;

  host_port asked_;
  std::optional<answer> told_;
};

} // namespace rollcall::redis
