#include "rollcall/gateway/access_log.hpp"

#include <spdlog/logger.h>

#include <chrono>

namespace rollcall::gateway {

access_note note_access(const settings& s, const net::request_head& head, std::string_view key) {
  if (!s.access)
    return {};
  return {s.access, net::steady_clock::now(), std::string(head.method_text), std::string(head.path()),
          std::string(key)};
}

void log_access(const access_note& n, unsigned status, std::string_view result) {
  if (!n.log)
    return;
  const std::chrono::duration<double, std::milli> took = net::steady_clock::now() - n.began;
  n.log->info("{} {} {} {:.3f}ms {} {}", n.method, n.path, status, took.count(), result,
              n.key.empty() ? std::string_view("-") : std::string_view(n.key));
}

} // namespace rollcall::gateway
