#pragma once

#include "master_belief.hpp"
#include "sentinel_replies.hpp"
#include "session.hpp"

#include <functional>
#include <string>
#include <vector>

namespace rollcall::redis {

/// Asks a Sentinel what it knows. open() says true when it has answered; then it is to be ended.
class sentinel_question final : public session {
public:
  sentinel_question(const net::executor& where, endpoint sentinel, connection_options options,
                    std::shared_ptr<connection_stats> stats, std::string master);

  /// None: it knows no master of that name.
  [[nodiscard]] const std::optional<master_opinion>& opinion() const noexcept { return opinion_; }
  [[nodiscard]] const std::vector<host_port>& others() const noexcept { return others_; }
  /// It has let us in as far as to be asked.
  [[nodiscard]] bool asked() const noexcept { return asked_; }

private:
  net::task<bool> begin() override;

  std::string master_;
  std::optional<master_opinion> opinion_;
  std::vector<host_port> others_;
  bool asked_ = false;
};

/// A session on which a Sentinel announces new masters.
class sentinel_subscription final : public session {
public:
  /// `tell` is called within serve().
  sentinel_subscription(const net::executor& where, endpoint sentinel, connection_options options,
                        std::shared_ptr<connection_stats> stats, pulse watch, std::string master,
                        std::function<void(const master_switch&)> tell);

private:
  net::task<bool> begin() override;
  bool take_unasked(const reply& r) override;

  std::string master_;
  std::function<void(const master_switch&)> tell_;
};

} // namespace rollcall::redis
