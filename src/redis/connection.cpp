#include "rollcall/redis/connection.hpp"

#include "session_keeper.hpp"

#include <fmt/format.h>

#include <utility>

namespace rollcall::redis {

/// Held by the connection and by the task that it runs.
class connection::keeper final : public session_keeper {
public:
  keeper(const net::executor& where, endpoint server, connection_options options,
         std::shared_ptr<connection_stats> stats)
      : session_keeper(where, fmt::format("redis {}", server.to_string()), "",
                       backoff(options.backoff_first, options.backoff_most), options.backoff_most),
        where_(where), server_(std::move(server)), options_(options), stats_(std::move(stats)) {}

  std::expected<std::shared_ptr<command>, command_error> send(std::span<const std::string_view> args,
                                                              session::time_point deadline) {
    if (!current()) {
      return std::unexpected(command_error::unavailable);
    }
    return current()->send(args, deadline);
  }

  [[nodiscard]] bool connected() const noexcept { return current() && current()->ready(); }
  [[nodiscard]] const endpoint& server() const noexcept { return server_; }
  [[nodiscard]] const connection_stats& stats() const noexcept { return *stats_; }

private:
  std::shared_ptr<session> next_session() override {
    return std::make_shared<session>(where_, server_, options_, stats_);
  }
  void came_up() override {
    stats_->connects.add();
    stats_->up.add();
  }
  void went_down() override { stats_->up.subtract(); }
  void failed() override { stats_->failures.add(); }

  net::executor where_;
  endpoint server_;
  connection_options options_;
  /// Shared with the sessions, whose last handlers may run after the connection is gone.
  std::shared_ptr<connection_stats> stats_;
};

namespace {

net::task<command_result> at_once(command_error e) {
  co_return std::unexpected(e);
}

} // namespace

connection::connection(const net::executor& where, endpoint server, connection_options options,
                       std::shared_ptr<connection_stats> stats)
    : keeper_(std::make_shared<keeper>(where, std::move(server), options, std::move(stats))) {}

connection::~connection() {
  stop();
}

void connection::start() {
  keeper_->start();
}

void connection::stop() {
  keeper_->stop();
}

bool connection::connected() const noexcept {
  return keeper_->connected();
}

net::task<command_result> connection::run(std::span<const std::string_view> args,
                                          net::steady_clock::time_point deadline) {
  auto sent = keeper_->send(args, deadline);
  return sent ? command::wait(std::move(*sent)) : at_once(sent.error());
}

std::string connection::name() const {
  return keeper_->server().to_string();
}

const connection_stats& connection::stats() const noexcept {
  return keeper_->stats();
}

} // namespace rollcall::redis
