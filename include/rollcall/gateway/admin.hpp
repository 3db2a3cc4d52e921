#pragma once

#include "rollcall/cache/memory.hpp"
#include "rollcall/gateway/lane.hpp"
#include "rollcall/net/service.hpp"
#include "rollcall/ops/metrics.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace rollcall::gateway {

/// What the admin port tells of: references to what the gateway owns.
struct gateway_status {
  const cache::memory& memory;
  const cache::flights<outcome>& flights;
  const std::vector<std::unique_ptr<lane>>& lanes;
  std::string instance;
  /// Without user and password; empty when there is none.
  std::string redis;
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  /// Set and read on the control thread.
  bool draining = false;
};

/// Registers everything that is counted. The names are part of the interface: rollcall_*.
void register_metrics(ops::metrics& m, const gateway_status& s);

/// GET /healthz, /readyz, /metrics, /status, and a page at / that says so. Runs on the control thread.
class admin final : public net::service {
public:
  admin(const gateway_status& s, const ops::metrics& m) : status_(s), metrics_(m) {}

  net::body_plan plan(const net::request_head&) override { return {.buffered = true, .limit = 64 * 1024}; }
  void serve(const net::request& r, net::exchange& x) override;
  std::string error_body(unsigned status, std::string_view message) override;

private:
  [[nodiscard]] std::string status_json() const;

  const gateway_status& status_;
  const ops::metrics& metrics_;
};

} // namespace rollcall::gateway
