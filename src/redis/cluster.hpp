#pragma once

#include "rollcall/redis/client.hpp"
#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/endpoint.hpp"

#include "cluster_watch.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::redis {

/// Redis Cluster for one thread: one connection to each master, and each command to the master that has its key's slot.
///
/// A master that is down costs the keys of others nothing, and fails its own at once. A command that is sent elsewhere
/// (MOVED, ASK) is followed, and one whose keys are just being moved (TRYAGAIN) repeated, a few times and within its
/// deadline; when that does not help, the result is what the node said last. What may have been carried out is never
/// sent twice.
class cluster final : public client {
public:
  cluster(const net::executor& where, const deployment& at, connection_options options = {},
          cluster_watch_options watch = {});
  ~cluster() override;
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  void start() override;
  void stop() override;

  /// To one master at least.
  [[nodiscard]] bool connected() const noexcept override;

  using client::run_for;
  [[nodiscard]] net::task<command_result> run_for(std::string_view key, std::span<const std::string_view> args,
                                                  net::steady_clock::time_point deadline) override;

  void send_after(std::string_view key, std::span<const std::string_view> args) override;
  void met(std::string_view key, trouble what) override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] const connection_stats& stats() const noexcept override;

private:
  class core;
  std::shared_ptr<core> core_;
};

} // namespace rollcall::redis
