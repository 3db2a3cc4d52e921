#pragma once

#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/gateway/members.hpp"
#include "rollcall/gateway/passthrough.hpp"
#include "rollcall/net/service.hpp"

namespace rollcall::gateway {

/// What the public port serves: the one cached route, and everything else. One a lane.
class router final : public net::service {
public:
  explicit router(lane_context& lane) : passthrough_(lane), members_(lane, passthrough_) {}

  net::body_plan plan(const net::request_head& head) override;
  void serve(const net::request& r, net::exchange& x) override;
  std::string error_body(unsigned status, std::string_view message) override;

  /// As members::stop().
  void stop() { members_.stop(); }

private:
  passthrough passthrough_;
  members members_;
};

} // namespace rollcall::gateway
