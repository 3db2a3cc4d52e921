#pragma once

#include "rollcall/gateway/background.hpp"
#include "rollcall/gateway/commons.hpp"
#include "rollcall/gateway/configuration_status.hpp"
#include "rollcall/gateway/events.hpp"
#include "rollcall/gateway/lane.hpp"
#include "rollcall/gateway/purges.hpp"
#include "rollcall/net/service.hpp"
#include "rollcall/ops/metrics.hpp"
#include "rollcall/redis/master_watch.hpp"
#include "rollcall/redis/tracking.hpp"
#include "rollcall/upstream/shield.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace rollcall::gateway {

/// What the admin port tells of: references to what the gateway owns.
struct gateway_status {
  const commons& lists;
  const purges& dropping;
  /// Null when there is no Redis.
  const redis::tracking* tracking = nullptr;
  /// Null unless Sentinels watch the master.
  const redis::master_watch* master = nullptr;
  const events& callbacks;
  const load& under_load;
  const net::byte_budget& buffered;
  const std::vector<std::unique_ptr<lane>>& lanes;
  const upstream::shield& shield;
  /// Without user and password; empty when there is none.
  std::string redis;
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  configuration_status configuration{};
  /// Set and read on the control thread.
  bool draining = false;
};

/// Registers everything that is counted. The names are part of the interface: rollcall_*.
void register_metrics(ops::metrics& m, const gateway_status& s);

/// GET /healthz, /readyz, /metrics, /status, and a page at / that says so; POST /purge and /events. Runs on the control
/// thread.
class admin final : public net::service {
public:
  admin(const net::executor& control, const gateway_status& s, const ops::metrics& m, purges& p, events& e)
      : status_(s), metrics_(m), purges_(p), events_(e), tasks_(control, running_) {}

  net::body_plan plan(const net::request_head&) override { return {.buffered = true, .limit = body_most}; }
  void serve(const net::request& r, net::exchange& x) override;
  std::string error_body(unsigned status, std::string_view message) override;

  /// No request is being answered.
  [[nodiscard]] bool idle() const noexcept { return tasks_.idle(); }

  /// Callbacks carry whole messages.
  static constexpr std::size_t body_most = std::size_t{1} << 20;

private:
  [[nodiscard]] std::string status_json() const;
  void get(const net::request& r, net::exchange& x);
  void post(const net::request& r, net::exchange& x);
  net::task<> purge(net::turn t, cache::scope s);
  net::task<> take_event(net::turn t, std::string body);

  const gateway_status& status_;
  const ops::metrics& metrics_;
  purges& purges_;
  events& events_;
  ops::counter running_;
  background tasks_;
};

} // namespace rollcall::gateway
