#include "rules.hpp"

#include "kinds.hpp"

#include <fmt/format.h>

namespace rollcall::ops {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds a_month = 720h;

/// One line of the tables below: `field` finds the value in a target.
template <typename Target, typename Value, typename Field>
rule<Target> key(std::string_view section, std::string_view name, const kind<Value>& of, Field field) {
  auto read = [field, parse = of.parse](Target& into, const raw_value& raw) {
    auto value = parse(raw);
    if (!value)
      return false;
    *field(into) = *std::move(value);
    return true;
  };
  auto same = [field](const Target& a, const Target& b) { return *field(a) == *field(b); };
  auto copy = [field](Target& to, const Target& from) { *field(to) = *field(from); };
  return {section, name, of.allowed, of.secret, true, std::move(read), std::move(same), std::move(copy)};
}

/// A key whose value the process keeps as it was at its start.
template <typename Target>
rule<Target> at_start(rule<Target> of) {
  of.live = false;
  return of;
}

} // namespace

const std::vector<rule<config>>& config_rules() {
  // Time-outs of 0 would end every request, so none may be 0; windows of 0 turn something off.
  static const std::vector<rule<config>> all{
      at_start(key<config>("server", "listen", address(), [](auto& c) { return &c.server.listen; })),
      at_start(key<config>("server", "threads", whole(0, 256), [](auto& c) { return &c.server.threads; })),
      key<config>("server", "max_connections", whole(1, 1'000'000), [](auto& c) { return &c.server.max_connections; }),
      key<config>("server", "max_in_flight", whole(1, 1'000'000), [](auto& c) { return &c.server.max_in_flight; }),
      key<config>("server", "max_buffered", size(std::size_t{1} << 20), [](auto& c) { return &c.server.max_buffered; }),
      key<config>("server", "head_timeout", duration(1ms, 1h), [](auto& c) { return &c.server.head_timeout; }),
      key<config>("server", "body_timeout", duration(1ms, 1h), [](auto& c) { return &c.server.body_timeout; }),
      key<config>("server", "idle_timeout", duration(1ms, 1h), [](auto& c) { return &c.server.idle_timeout; }),
      key<config>("server", "write_timeout", duration(1ms, 1h), [](auto& c) { return &c.server.write_timeout; }),
      key<config>("server", "drain_timeout", duration(0ms, 1h), [](auto& c) { return &c.server.drain_timeout; }),
      at_start(key<config>("admin", "listen", address(), [](auto& c) { return &c.admin.listen; })),
      key<config>("cache", "fresh", duration(1ms, a_month), [](auto& c) { return &c.cache.fresh; }),
      key<config>("cache", "stale_while_revalidate", duration(0ms, a_month),
                  [](auto& c) { return &c.cache.stale_while_revalidate; }),
      key<config>("cache", "stale_if_error", duration(0ms, a_month), [](auto& c) { return &c.cache.stale_if_error; }),
      key<config>("cache", "failure", duration(0ms, 1h), [](auto& c) { return &c.cache.failure; }),
      key<config>("cache", "jitter", number(0, 0.9), [](auto& c) { return &c.cache.jitter; }),
      key<config>("cache", "early_refresh", number(0, 10), [](auto& c) { return &c.cache.early_refresh; }),
      at_start(key<config>("cache", "memory", memory(std::size_t{1} << 20), [](auto& c) { return &c.cache.memory; })),
      key<config>("invalidate", "paths", distinct_paths(), [](auto& c) { return &c.invalidate.paths; }),
      key<config>("events", "forward", forward_url(), [](auto& c) { return &c.events.forward; }),
      at_start(key<config>("redis", "url", redis_url(), [](auto& c) { return &c.redis.url; })),
      at_start(key<config>("redis", "ca", file_or_none(), [](auto& c) { return &c.redis.ca; })),
      key<config>("redis", "timeout", duration(1ms, 10s), [](auto& c) { return &c.redis.timeout; }),
      at_start(key<config>("redis", "namespace", name(64), [](auto& c) { return &c.redis.name_space; })),
      key<config>("upstream", "timeout", duration(1ms, 10min), [](auto& c) { return &c.upstream.timeout; }),
      key<config>("upstream", "connect_timeout", duration(1ms, 1min),
                  [](auto& c) { return &c.upstream.connect_timeout; }),
      key<config>("upstream", "dns_ttl", duration(1ms, 24h), [](auto& c) { return &c.upstream.dns_ttl; }),
      at_start(key<config>("upstream", "eject_after", whole(0, 1000), [](auto& c) { return &c.upstream.eject_after; })),
      at_start(key<config>("upstream", "eject_for", duration(1ms, 1h), [](auto& c) { return &c.upstream.eject_for; })),
      at_start(key<config>("upstream", "eject_for_most", duration(1ms, 1h),
                           [](auto& c) { return &c.upstream.eject_for_most; })),
      key<config>("upstream", "probe", path(), [](auto& c) { return &c.upstream.probe; }),
      key<config>("upstream", "probe_interval", duration(10ms, 1h), [](auto& c) { return &c.upstream.probe_interval; }),
      at_start(key<config>("upstream", "ca", file_or_none(), [](auto& c) { return &c.upstream.ca; })),
      at_start(key<config>("upstream", "spacing", duration(0ms, 1min), [](auto& c) { return &c.upstream.spacing; })),
      at_start(
          key<config>("upstream", "spacing_jitter", number(0, 1), [](auto& c) { return &c.upstream.spacing_jitter; })),
      at_start(key<config>("upstream", "per_wid", whole(0, 10'000), [](auto& c) { return &c.upstream.per_wid; })),
      at_start(
          key<config>("upstream", "concurrency", whole(1, 10'000), [](auto& c) { return &c.upstream.concurrency; })),
      at_start(key<config>("upstream", "concurrency_least", whole(1, 10'000),
                           [](auto& c) { return &c.upstream.concurrency_least; })),
      at_start(key<config>("upstream", "retries", number(0, 1), [](auto& c) { return &c.upstream.retries; })),
      key<config>("log", "level", one_of({"trace", "debug", "info", "warn", "error"}),
                  [](auto& c) { return &c.log.level; }),
      key<config>("log", "access", boolean(), [](auto& c) { return &c.log.access; }),
  };
  return all;
}

const std::vector<rule<upstream_instance>>& instance_rules() {
  static const std::vector<rule<upstream_instance>> all{
      key<upstream_instance>("upstream.instance", "url", http_url(), [](auto& i) { return &i.url; }),
      key<upstream_instance>("upstream.instance", "wids", distinct_strings(), [](auto& i) { return &i.wids; }),
  };
  return all;
}

template <typename Target>
std::string refusal(const rule<Target>& broken, const raw_value& value) {
  if (broken.secret && std::holds_alternative<std::string>(value))
    return fmt::format("the value (not shown, it may hold a password) is not {}", broken.allowed);
  return fmt::format("{} is not {}", describe(value), broken.allowed);
}
template std::string refusal(const rule<config>&, const raw_value&);
template std::string refusal(const rule<upstream_instance>&, const raw_value&);

} // namespace rollcall::ops
