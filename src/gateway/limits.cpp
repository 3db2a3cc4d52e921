// What the process takes on at most.
#include "rollcall/gateway/allowance.hpp"
#include "rollcall/gateway/gateway.hpp"
#include "rollcall/ops/open_files.hpp"

#include <spdlog/spdlog.h>

namespace rollcall::gateway {

void gateway::limit(const ops::config& c) {
  const auto files = ops::open_files_most();
  const auto a = allow(files, {.connections = c.server.max_connections,
                               .in_flight = c.server.max_in_flight,
                               .lanes = lanes_.size(),
                               .instances = c.upstream.instances.size()});
  if (!a.enough)
    spdlog::warn("server.max_connections = {} and server.max_in_flight = {} need {} open files, and the limit is {}: "
                 "allowing {} and {}; raise the limit (LimitNOFILE in a systemd unit, ulimit -Hn), or lower these",
                 c.server.max_connections, c.server.max_in_flight, a.needed, files, a.connections, a.in_flight);
  quota_.change(a.connections);
  load_.change(a.in_flight);
  bytes_.change(c.server.max_buffered);
}

} // namespace rollcall::gateway
