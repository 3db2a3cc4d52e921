#include "rollcall/gateway/settings.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace rollcall::gateway {

namespace {

net::limits limits_of(const ops::config& c) {
  net::limits l;
  l.head_timeout = c.server.head_timeout;
  l.body_timeout = c.server.body_timeout;
  l.idle_timeout = c.server.idle_timeout;
  l.write_timeout = c.server.write_timeout;
  return l;
}

// The access log goes to standard output, so that it and the log of events can be kept apart.
std::shared_ptr<spdlog::logger> access_log_of(const ops::config& c) {
  if (!c.log.access)
    return nullptr;
  auto log = std::make_shared<spdlog::logger>("access", std::make_shared<spdlog::sinks::stdout_sink_mt>());
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %v");
  return log;
}

// A flight that goes well looks in Redis once, may connect twice (see upstream::fetch), and waits for one answer.
std::chrono::milliseconds patience_of(const ops::config& c) {
  return c.redis.timeout + 2 * c.upstream.connect_timeout + c.upstream.timeout + std::chrono::seconds(1);
}

} // namespace

settings settings_of(const ops::config& c) {
  return {.windows = {c.cache.fresh, c.cache.stale_while_revalidate, c.cache.stale_if_error, c.cache.jitter,
                      c.cache.early_refresh},
          .redis_timeout = c.redis.timeout,
          .upstream_timeout = c.upstream.timeout,
          .connect_timeout = c.upstream.connect_timeout,
          .dns_ttl = c.upstream.dns_ttl,
          .probe = c.upstream.probe,
          .probe_interval = c.upstream.probe_interval,
          .patience = patience_of(c),
          .failure = c.cache.failure,
          .drain_timeout = c.server.drain_timeout,
          .writes = {c.invalidate.paths.begin(), c.invalidate.paths.end()},
          .clients = limits_of(c),
          .access = access_log_of(c)};
}

} // namespace rollcall::gateway
