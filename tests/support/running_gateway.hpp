#pragma once

#include "rollcall/gateway/gateway.hpp"
#include "rollcall/ops/config.hpp"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>

namespace support {

/// A whole gateway in this process, on free loopback ports, in front of `upstream` (http://...). Drains, and so proves
/// that it can, when it ends.
class running_gateway {
public:
  static rollcall::ops::config settings_for(const std::string& upstream, const std::string& redis = {}) {
    rollcall::ops::config c;
    c.server.listen = {"127.0.0.1", 0};
    c.admin.listen = {"127.0.0.1", 0};
    c.server.threads = 2;
    c.redis.url = redis;
    c.upstream.instances = {{upstream, {}}};
    return c;
  }

  explicit running_gateway(const rollcall::ops::config& c) {
    // As main does by setting the log up: a thread sanitizer cannot see the guard of spdlog's first use in its library.
    (void)spdlog::default_logger_raw();
    gateway_.emplace(c);
    thread_ = std::thread([this] { gateway_->run(); });
  }
  explicit running_gateway(const std::string& upstream) : running_gateway(settings_for(upstream)) {}
  ~running_gateway() { stop(); }
  running_gateway(const running_gateway&) = delete;
  running_gateway& operator=(const running_gateway&) = delete;

  /// Drains and waits for the end of it. A second drain() from elsewhere cuts it short.
  void stop() {
    if (!thread_.joinable())
      return;
    gateway_->drain();
    thread_.join();
    gateway_.reset();
  }

  rollcall::gateway::gateway& operator*() { return *gateway_; }
  rollcall::gateway::gateway* operator->() { return &*gateway_; }
  std::uint16_t port() const { return gateway_->port(); }
  std::uint16_t admin_port() const { return gateway_->admin_port(); }

private:
  std::optional<rollcall::gateway::gateway> gateway_;
  std::thread thread_;
};

} // namespace support
