#pragma once

#include "invalidation.hpp"
#include "keys.hpp"
#include "session.hpp"

#include <functional>
#include <memory>

namespace rollcall::redis {

/// A session on which Redis tells what changes: that it does has been confirmed when open() says true.
class subscription final : public session {
public:
  /// `tell` is called within serve(), for each message.
  subscription(const net::executor& where, endpoint server, connection_options options,
               std::shared_ptr<connection_stats> stats, pulse watch, keys names,
               std::function<void(const invalidation&)> tell);

private:
  net::task<bool> begin() override;
  bool take_unasked(const reply& r) override;

  keys names_;
  std::function<void(const invalidation&)> tell_;
};

} // namespace rollcall::redis
