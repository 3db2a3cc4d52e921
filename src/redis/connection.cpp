#include "rollcall/redis/connection.hpp"

#include "rollcall/redis/backoff.hpp"

#include "session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include <cassert>
#include <exception>
#include <random>

namespace rollcall::redis {

namespace asio = net::asio;

/// Follows one session with the next. Held by the connection and by the task that it runs.
class connection::keeper : public std::enable_shared_from_this<keeper> {
public:
  keeper(const net::executor& where, endpoint server, connection_options options)
      : where_(where), server_(std::move(server)), options_(options), pause_(where),
        backoff_(options.backoff_first, options.backoff_most), random_(std::random_device{}()) {}

  void start() {
    assert(!started_);
    started_ = true;
    asio::co_spawn(where_, keep(shared_from_this()), [self = shared_from_this()](const std::exception_ptr& e) {
      if (e) {
        self->stop();
        spdlog::critical("redis {}: no longer trying to connect, after an internal error", self->server_.to_string());
      }
    });
  }

  void stop() {
    stopping_ = true;
    pause_.cancel();
    if (current_) {
      current_->end("stopped");
      stats_->up.subtract(stats_->up.get());
    }
  }

  std::expected<std::shared_ptr<command>, command_error> send(std::span<const std::string_view> args,
                                                              session::time_point deadline) {
    if (!current_) {
      return std::unexpected(command_error::unavailable);
    }
    return current_->send(args, deadline);
  }

  [[nodiscard]] bool connected() const noexcept { return current_ && current_->ready(); }
  [[nodiscard]] const endpoint& server() const noexcept { return server_; }
  [[nodiscard]] const connection_stats& stats() const noexcept { return *stats_; }

private:
  enum class state { starting, up, down, refused };

  /// Holds itself by `self`; everything else may go away meanwhile.
  static net::task<void> keep(std::shared_ptr<keeper> self) {
    while (!self->stopping_) {
      self->current_ = std::make_shared<session>(self->where_, self->server_, self->options_, self->stats_);
      try {
        co_await self->attend(self->current_);
      } catch (const std::exception& e) { // want of memory or descriptors, most likely
        self->current_->end(printable(e.what()));
        self->report_end(*self->current_);
      }
      if (!self->stopping_) {
        self->pause_.expires_after(self->backoff_.next(std::uniform_real_distribution<>()(self->random_)));
        co_await self->pause_.async_wait(net::no_throw);
      }
    }
  }

  /// From the first packet of a session to its end.
  net::task<void> attend(std::shared_ptr<session> s) {
    if (co_await s->open()) {
      stats_->connects.add();
      stats_->up.add();
      change(state::up, "");
      const auto since = net::steady_clock::now();
      co_await s->serve();
      // A Redis that takes us and drops us at once must not be asked at full speed.
      if (net::steady_clock::now() - since >= options_.backoff_most) {
        backoff_.reset();
      }
    }
    report_end(*s);
  }

  void report_end(const session& s) {
    if (stopping_) {
      return;
    }
    if (stats_->up.get() != 0) {
      stats_->up.subtract();
    } else {
      stats_->failures.add();
    }
    change(s.refused() ? state::refused : state::down, s.why());
  }

  /// One line for a change, none for another attempt that ends like the last one.
  void change(state to, std::string_view why) {
    const auto from = std::exchange(state_, to);
    if (from == to) {
      spdlog::debug("redis {}: still not connected: {}", server_.to_string(), why);
    } else if (to == state::up) {
      spdlog::info("redis {}: connected", server_.to_string());
    } else if (from == state::up) {
      spdlog::warn("redis {}: connection lost: {}; reconnecting", server_.to_string(), why);
    } else {
      spdlog::warn("redis {}: cannot connect: {}; keeping on trying", server_.to_string(), why);
    }
  }

  net::executor where_;
  endpoint server_;
  connection_options options_;
  /// Shared with the sessions, whose last handlers may run after the connection is gone.
  std::shared_ptr<connection_stats> stats_ = std::make_shared<connection_stats>();
  std::shared_ptr<session> current_;
  net::timer pause_;
  backoff backoff_;
  std::minstd_rand random_;
  state state_ = state::starting;
  bool started_ = false;
  bool stopping_ = false;
};

namespace {

net::task<command_result> at_once(command_error e) {
  co_return std::unexpected(e);
}

} // namespace

connection::connection(const net::executor& where, endpoint server, connection_options options)
    : keeper_(std::make_shared<keeper>(where, std::move(server), options)) {}

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

const endpoint& connection::server() const noexcept {
  return keeper_->server();
}

const connection_stats& connection::stats() const noexcept {
  return keeper_->stats();
}

} // namespace rollcall::redis
