#include "session_keeper.hpp"

#include "rollcall/redis/master_watch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cassert>
#include <exception>
#include <utility>

namespace rollcall::redis {

session_keeper::session_keeper(const net::executor& where, deployment at, std::string name, std::string without,
                               backoff pauses, backoff::milliseconds lasting)
    : where_(where), at_(std::move(at)), name_(std::move(name)), without_(std::move(without)), pause_(where),
      backoff_(pauses), lasting_(lasting), random_(std::random_device{}()) {}

void session_keeper::start() {
  assert(!started_);
  started_ = true;
  if (at_.watch) {
    at_.watch->follow(where_, weak_from_this(), [this] { moved(); });
  }
  net::asio::co_spawn(where_, keep(shared_from_this()), [self = shared_from_this()](const std::exception_ptr& e) {
    if (e) {
      self->abandon();
    }
  });
}

void session_keeper::stop() {
  stopping_ = true;
  pause_.cancel();
  if (current_) {
    current_->end("stopped");
  }
  if (std::exchange(up_, false)) {
    went_down();
  }
}

std::optional<endpoint> session_keeper::whereabouts() const {
  return at_.watch ? at_.watch->master() : at_.server;
}

void session_keeper::moved() {
  const auto now = whereabouts();
  if (stopping_ || !now) {
    return;
  }
  const bool there =
      current_ && !current_->ended() && current_->server().host == now->host && current_->server().port == now->port;
  if (there) {
    return;
  }
  hurry_ = true;
  backoff_.reset();
  pause_.cancel();
  if (current_) {
    current_->end(fmt::format("the master is {}", now->to_string()));
  }
}

void session_keeper::abandon() {
  if (std::exchange(up_, false)) { // before stop(), within which nobody is told
    went_down();
  }
  stop();
  spdlog::critical("{}: no longer trying to connect, after an internal error", name_);
}

/// Holds itself by `self`; everything else may go away meanwhile.
net::task<void> session_keeper::keep(std::shared_ptr<session_keeper> self) {
  while (!self->stopping_) {
    self->hurry_ = false;
    if (auto server = self->whereabouts()) {
      self->current_ = self->next_session(std::move(*server));
      try {
        co_await self->attend(self->current_);
      } catch (const std::exception& e) { // want of memory or descriptors, most likely
        self->current_->end(printable(e.what()));
        self->report_end(*self->current_);
      }
    } else {
      if (std::exchange(self->patient_, false)) { // at the start they have only just been asked
        spdlog::debug("{}: waiting for a Sentinel to tell where the master is", self->name_);
      } else {
        self->report(state::down, "no Sentinel has told where the master is");
      }
      self->failed();
      self->at_.watch->doubt();
    }
    if (!self->stopping_ && !self->hurry_) {
      self->pause_.expires_after(self->backoff_.next(std::uniform_real_distribution<>()(self->random_)));
      co_await self->pause_.async_wait(net::no_throw);
    }
  }
}

/// From the first packet of a session to its end.
net::task<void> session_keeper::attend(std::shared_ptr<session> s) {
  if (co_await s->open()) {
    report(state::up, "");
    up_ = true;
    came_up();
    const auto since = net::steady_clock::now();
    if (!s->ended()) { // by whoever was told
      co_await s->serve();
    }
    // A Redis that takes us and drops us at once must not be asked at full speed.
    if (net::steady_clock::now() - since >= lasting_) {
      backoff_.reset();
    }
  }
  report_end(*s);
}

void session_keeper::report_end(const session& s) {
  if (stopping_) {
    return;
  }
  report(s.refused() ? state::refused : state::down, s.why());
  if (at_.watch) {
    at_.watch->doubt();
  }
  if (std::exchange(up_, false)) {
    went_down();
  } else {
    failed();
  }
}

/// One line for a change, none for another attempt that ends like the last one.
void session_keeper::report(state now, std::string_view why) {
  const auto before = std::exchange(state_, now);
  // Who has mended one refusal and meets the next one is still waiting for news.
  const bool new_refusal = now == state::refused && why != refusal_;
  if (new_refusal) {
    refusal_ = why;
  }
  if (before == now && !new_refusal) {
    spdlog::debug("{}: still not connected: {}", name_, why);
  } else if (now == state::up) {
    spdlog::info("{}: connected{}", name_, at_.watch ? " to " + current_->server().to_string() : "");
  } else if (before == state::up) {
    spdlog::warn("{}: connection lost: {}; reconnecting", name_, why);
  } else {
    spdlog::warn("{}: cannot connect: {}; keeping on trying{}", name_, why, now == state::refused ? without_ : "");
  }
}

} // namespace rollcall::redis
