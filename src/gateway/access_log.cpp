#include "rollcall/gateway/access_log.hpp"

#include <spdlog/logger.h>

#include <chrono>

namespace rollcall::gateway {

access_note note_access(const house& h, const net::request_head& head, std::string_view key) {
  if (!h.access)
    return {};
  return {net::steady_clock::now(), std::string(head.method_text), std::string(head.path()), std::string(key)};
}

void log_access(const house& h, const access_note& n, unsigned status, std::string_view result) {
  if (!h.access)
    return;
  const std::chrono::duration<double, std::milli> took = net::steady_clock::now() - n.began;
  h.access->info("{} {} {} {:.3f}ms {} {}", n.method, n.path, status, took.count(), result,
                 n.key.empty() ? std::string_view("-") : std::string_view(n.key));
}

} // namespace rollcall::gateway
