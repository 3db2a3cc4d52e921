#include "command_keeper.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace rollcall::redis {

/// Tells the keeper how commands end. It does while it is the keeper's current session, and so while there is a keeper.
class command_keeper::commands final : public session {
public:
  commands(command_keeper& owner, endpoint server)
      : session(owner.where_, std::move(server), owner.options_, owner.stats_), owner_(owner) {}

private:
  void replied(std::optional<trouble> error, bool in_time) override { owner_.replied(error, in_time); }
  void ran_out(std::size_t count, std::chrono::milliseconds late) override { owner_.ran_out(count, late); }

  command_keeper& owner_;
};

command_keeper::command_keeper(const net::executor& where, deployment at, connection_options options,
                               std::shared_ptr<connection_stats> stats)
    : session_keeper(where, at, fmt::format("redis {}", at.to_string()), "",
                     backoff(options.backoff_first, options.backoff_most), options.backoff_most),
      where_(where), options_(std::move(options)), breaker_(options_.breaker), probe_pause_(where),
      random_(std::random_device{}()), stats_(std::move(stats)) {}

void command_keeper::stop() {
  probe_pause_.cancel();
  if (breaker_.open() && !stopping()) {
    stats_->open.subtract();
  }
  session_keeper::stop();
}

std::expected<std::shared_ptr<command>, command_error> command_keeper::send(std::span<const std::string_view> args,
                                                                            session::time_point deadline) {
  if (!current() || breaker_.open()) {
    return std::unexpected(command_error::unavailable);
  }
  return current()->send(args, deadline);
}

void command_keeper::send_after(std::span<const std::string_view> args) {
  if (current()) {
    static_cast<void>(current()->send(args, session::time_point::max()));
  }
}

std::shared_ptr<session> command_keeper::next_session(endpoint server) {
  return std::make_shared<commands>(*this, std::move(server));
}

void command_keeper::came_up() {
  stats_->connects.add();
  stats_->up.add();
  probe_pause_.cancel(); // now there is somebody to ask
}

void command_keeper::went_down() {
  stats_->up.subtract();
  tell_lost();
}

void command_keeper::tell_lost() {
  if (options_.lost && !stopping()) {
    options_.lost();
  }
}

void command_keeper::met(trouble what) {
  stats_->errors[static_cast<std::size_t>(what) - 1].add();
  if (what == trouble::readonly && at().watch && current()) {
    current()->end("READONLY: it is no master any longer"); // and so the Sentinels are asked
  }
}

void command_keeper::replied(std::optional<trouble> error, bool in_time) {
  if (error) {
    met(*error);
  }
  if (!error || !is_general(*error)) {
    if (in_time) {
      breaker_.answered();
    }
  } else if (breaker_.failed(1, net::steady_clock::now())) {
    open(fmt::format("it says {} to everything", to_string(*error)));
  }
}

void command_keeper::ran_out(std::size_t count, std::chrono::milliseconds late) {
  if (late < options_.patience / 2) {
    return;
  }
  const auto all = static_cast<unsigned>(std::min(count, options_.pending_most));
  if (breaker_.failed(all, net::steady_clock::now())) {
    open(fmt::format("no reply for {} ms", late.count()));
  }
}

/// Who waits is let go: what is under way would be answered too late, if at all.
void command_keeper::open(std::string_view why) {
  stats_->open.add();
  stats_->openings.add();
  spdlog::warn("{}: not used until it is well again: {}", name(), why);
  current()->let_go();
  tell_lost();
  net::asio::co_spawn(where_, probe(std::static_pointer_cast<command_keeper>(shared_from_this())),
                      [self = shared_from_this(), this](const std::exception_ptr& e) {
                        if (e) { // without memory for a probe it is best to believe the next connection
                          close();
                        }
                      });
}

void command_keeper::close() {
  if (!stopping() && breaker_.probed(true, net::steady_clock::now())) {
    stats_->open.subtract();
    spdlog::info("{}: well again", name());
  }
}

net::task<void> command_keeper::probe(std::shared_ptr<command_keeper> self) {
  while (self->breaker_.open() && !self->stopping()) {
    self->probe_pause_.expires_after(self->breaker_.pause(std::uniform_real_distribution<>()(self->random_)));
    co_await self->probe_pause_.async_wait(net::no_throw);
    if (co_await self->is_well()) {
      self->close();
    }
  }
}

/// Asks once. A reply that is late is none; and while older commands have no reply either, Redis is not well, or never
/// will be on this connection, which is then replaced.
net::task<bool> command_keeper::is_well() {
  if (!current() || !current()->ready() || !current()->idle()) {
    co_return false;
  }
  const std::vector<std::string_view> question = options_.probe_key.empty()
                                                     ? std::vector<std::string_view>{"PING"}
                                                     : std::vector<std::string_view>{"GET", options_.probe_key};
  const auto sent = current()->send(question, net::steady_clock::now() + options_.patience);
  if (!sent) {
    co_return false;
  }
  stats_->probes.add();
  const auto r = co_await command::wait(*sent);
  co_return r && !(r->is(reply::kind::error) && is_general(trouble_of(r->text())));
}

} // namespace rollcall::redis
