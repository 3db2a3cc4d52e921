#include "session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace rollcall::redis {

namespace asio = net::asio;

namespace {

/// An output buffer that one large value has grown is not kept.
constexpr std::size_t idle_output_most = std::size_t{1} << 20;

} // namespace

session::session(const net::executor& where, endpoint server, connection_options options,
                 std::shared_ptr<connection_stats> stats, std::optional<pulse> watch)
    : where_(where), server_(std::move(server)), options_(options), stats_(std::move(stats)), wire_(where),
      resolver_(where), reader_(options.reply_most), watch_(watch), timer_(where) {}

std::expected<std::shared_ptr<command>, command_error> session::send(std::span<const std::string_view> args,
                                                                     time_point deadline) {
  assert(!args.empty());
  if (!ready()) {
    return std::unexpected(command_error::unavailable);
  }
  if (pending_.size() >= options_.pending_most ||
      output_.size() + writing_.size() + formatted_size(args) > options_.output_most) {
    stats_->refusals.add();
    return std::unexpected(command_error::overloaded);
  }
  const auto now = net::steady_clock::now();
  if (deadline <= now) {
    stats_->timeouts.add();
    return std::unexpected(command_error::timed_out);
  }
  auto c = std::make_shared<command>(where_);
  enqueue(args, c, now, deadline);
  stats_->commands.add();
  stats_->pending.add();
  schedule_flush();
  arm();
  return c;
}

/// Both or neither: bytes without a place in the queue would shift every later reply.
void session::enqueue(std::span<const std::string_view> args, std::shared_ptr<command> c, time_point now,
                      time_point deadline) {
  const auto before = output_.size();
  format(args, output_);
  try {
    pending_.push(std::move(c), now, deadline);
  } catch (...) {
    output_.resize(before);
    throw;
  }
}

net::task<void> session::serve() {
  assert(!ended());
  while (deliver()) {
    auto [ec, n] = co_await wire_.async_read_some(asio::buffer(input_), net::no_throw);
    if (ended()) {
      co_return;
    }
    if (ec) {
      lose(ec);
      co_return;
    }
    if (watch_) {
      watch_->heard(net::steady_clock::now());
    }
    reader_.feed({input_.data(), n});
  }
}

bool session::take_unasked(const reply&) {
  return false;
}

void session::replied(std::optional<trouble>, bool) {}

void session::ran_out(std::size_t, std::chrono::milliseconds) {}

/// Hands out the replies that are whole. False when the session has ended.
bool session::deliver() {
  for (;;) {
    auto next = reader_.next();
    if (!next) {
      lie(std::move(next.error()));
      return false;
    }
    if (!*next) {
      return true;
    }
    if (take_unasked(**next)) {
      if (ended()) { // by whoever was told
        return false;
      }
      continue;
    }
    if (!hand_out(std::move(**next))) {
      return false;
    }
  }
}

/// Gives a reply to the oldest command. False when the session has ended.
bool session::hand_out(reply r) {
  std::optional<trouble> error;
  if (r.is(reply::kind::error)) {
    error = trouble_of(r.text());
  }
  const bool in_time = pending_.awaited();
  if (!pending_.take(std::move(r))) {
    lie("a reply that nobody asked for");
    return false;
  }
  stats_->pending.subtract();
  replied(error, in_time);
  return !ended();
}

std::size_t session::let_go() {
  const auto waited = pending_.expire(time_point::max());
  stats_->timeouts.add(waited);
  return waited;
}

void session::end(std::string why) {
  if (ended()) {
    return;
  }
  phase_ = phase::ended;
  why_ = std::move(why);
  wire_.close();
  resolver_.cancel();
  timer_.cancel();
  stats_->pending.subtract(pending_.size());
  pending_.close(command_error::closed);
}

/// The other end has closed, or the way to it is broken.
void session::lose(const net::error_code& ec) {
  const bool closed = ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
  end(closed ? "closed by Redis" : ec.message());
}

void session::give_up(std::string why) {
  stats_->replaced.add();
  end(std::move(why));
}

void session::lie(std::string what) {
  stats_->protocol_errors.add();
  give_up(fmt::format("not the Redis protocol: {}", what));
}

void session::schedule_flush() {
  if (flush_scheduled_) {
    return;
  }
  asio::post(where_, [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->flush();
  });
  flush_scheduled_ = true;
}

void session::flush() {
  if (ended() || !writing_.empty() || output_.empty()) {
    return; // the end of the write under way takes up what has come meanwhile
  }
  writing_.swap(output_);
  stats_->writes.add();
  asio::async_write(wire_, asio::buffer(writing_), [self = shared_from_this()](net::error_code ec, std::size_t) {
    if (ec) {
      self->end(ec.message());
      return;
    }
    if (self->writing_.capacity() > idle_output_most) {
      self->writing_ = {};
    }
    self->writing_.clear();
    self->flush();
  });
}

std::optional<session::time_point> session::next_overdue() const {
  const auto oldest = pending_.oldest();
  if (!oldest) {
    return std::nullopt;
  }
  const auto overdue = *oldest + options_.overdue;
  const auto deadline = pending_.earliest_deadline();
  return deadline ? std::min(*deadline, overdue) : overdue;
}

std::optional<session::time_point> session::next_tick() const {
  switch (phase_) {
  case phase::opening:
    return attempt_until_.value_or(opening_until_);
  case phase::ready:
    return watch_ ? watch_->next() : next_overdue();
  case phase::ended:
    return std::nullopt;
  }
  return std::nullopt;
}

/// Sees to it that tick() runs when it has something to do. A timer that is set for an earlier moment is left alone:
/// tick() then finds nothing and sets it again, which is rarer than a change for each command.
void session::arm() {
  const auto next = next_tick();
  if (!next || (armed_ && *armed_ <= *next)) {
    return;
  }
  armed_ = next;
  timer_.expires_at(*next);
  timer_.async_wait([self = shared_from_this()](net::error_code ec) {
    if (!ec) {
      self->armed_.reset();
      self->tick();
    }
  });
}

void session::tick() {
  const auto now = net::steady_clock::now();
  if (phase_ == phase::opening && now >= opening_until_) {
    end("timed out");
  } else if (attempt_until_ && now >= *attempt_until_) {
    attempt_until_.reset();
    net::error_code ignored; // it is closed in any case
    wire_.socket().cancel(ignored);
  } else if (ready()) {
    watch_ ? look_after_peer(now) : look_after_commands(now);
  }
  arm();
}

void session::look_after_commands(time_point now) {
  const auto oldest = pending_.oldest();
  if (const auto expired = pending_.expire(now); expired > 0) {
    stats_->timeouts.add(expired);
    ran_out(expired, std::chrono::floor<std::chrono::milliseconds>(now - *oldest));
  }
  if (oldest && now - *oldest >= options_.overdue) {
    give_up(fmt::format("no reply for {} ms", options_.overdue.count()));
  }
}

void session::look_after_peer(time_point now) {
  constexpr std::string_view question[] = {"PING"};
  switch (watch_->look(now)) {
  case pulse::verdict::alive:
    return;
  case pulse::verdict::ask:
    if (send(question, time_point::max())) { // nobody waits for the reply
      return;
    }
    [[fallthrough]]; // so many unanswered that there is no room for another
  case pulse::verdict::dead:
    give_up("no sign of life");
    return;
  }
}

} // namespace rollcall::redis
