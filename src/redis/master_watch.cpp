#include "rollcall/redis/master_watch.hpp"

#include "master_watch_state.hpp"
#include "url_parts.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace rollcall::redis {
namespace {

/// Those of the configuration and those that they told of.
constexpr std::size_t sentinels_most = 64;

} // namespace

master_watch::state::state(const net::executor& where, deployment of, master_watch_options options)
    : where_(where), of_(std::move(of)), options_(options), pause_(where) {
  assert(of_.how == deployment::form::sentinel);
}

void master_watch::state::start() {
  assert(!started_);
  started_ = true;
  for (const auto& at : of_.nodes) {
    add(at);
  }
  ask_all();
}

void master_watch::state::stop() {
  stopping_ = true;
  pause_.cancel();
  for (const auto& s : sentinels_) {
    s->ear->stop();
    if (s->question) {
      s->question->end("stopped");
    }
  }
}

std::optional<endpoint> master_watch::state::master() const {
  const std::lock_guard lock(mutex_);
  return master_;
}

void master_watch::state::follow(const net::executor& where, std::weak_ptr<void> who, std::function<void()> moved) {
  const std::lock_guard lock(mutex_);
  followers_.push_back({where, std::move(who), std::move(moved)});
}

void master_watch::state::doubt() {
  if (doubted_.exchange(true)) {
    return;
  }
  net::asio::post(where_, [self = shared_from_this()] {
    self->doubted_ = false;
    self->doubtful_ = true;
    self->ask_soon();
  });
}

void master_watch::state::add(const host_port& at) {
  auto s = std::make_shared<sentinel>();
  s->at = at;
  s->how = {.path = "",
            .host = at.host,
            .port = at.port,
            .user = of_.sentinel_user,
            .password = of_.sentinel_password,
            .database = 0,
            .tls = of_.server.tls,
            .trust = of_.server.trust};
  const std::weak_ptr<state> self = weak_from_this();
  const std::weak_ptr<sentinel> which = s;
  // What it announced before it could be heard is made up for by a question. All this is called on our own thread,
  // within the task of an ear that stop() ends.
  const auto up = [self, which] {
    const auto us = self.lock();
    const auto it = which.lock();
    if (us && it) {
      us->stats_.connected.add();
      us->ask(it);
    }
  };
  const auto down = [self] {
    if (const auto us = self.lock()) {
      us->stats_.connected.subtract();
    }
  };
  const auto switched = [self](const master_switch& news) {
    if (const auto us = self.lock()) {
      us->switched(news);
    }
  };
  s->ear = std::make_shared<sentinel_ear>(where_, s->how, of_.master, options_, session_stats_,
                                          sentinel_ear::listener{up, down, switched});
  s->ear->start();
  sentinels_.push_back(std::move(s));
  stats_.known.add();
}

void master_watch::state::ask_soon() {
  if (stopping_ || waiting_) {
    return;
  }
  if (asking_ > 0) {
    ask_again_ = true;
    return;
  }
  waiting_ = true;
  pause_.expires_at(std::max(net::steady_clock::now(), last_round_ + options_.question_pause));
  pause_.async_wait([self = shared_from_this()](net::error_code) {
    self->waiting_ = false;
    self->ask_all();
  });
}

void master_watch::state::ask_all() {
  in_doubt_ = std::exchange(doubtful_, false);
  for (const auto& s : std::vector(sentinels_)) {
    ask(s);
  }
}

void master_watch::state::ask(const sentinel_ptr& s) {
  if (stopping_ || s->question) {
    return;
  }
  if (asking_++ == 0) {
    last_round_ = net::steady_clock::now();
  }
  stats_.questions.add();
  connection_options o;
  o.connect_timeout = options_.question_timeout;
  s->question = std::make_shared<sentinel_question>(where_, s->how, std::move(o), session_stats_, of_.master);
  net::asio::co_spawn(where_, put(shared_from_this(), s), [self = shared_from_this(), s](const std::exception_ptr& e) {
    if (e) { // want of memory or descriptors: it is asked again when somebody doubts
      self->stats_.failures.add();
    }
    s->question->end("over");
    s->question.reset();
    if (--self->asking_ == 0) {
      self->end_round();
    }
  });
}

net::task<void> master_watch::state::put(std::shared_ptr<state> self, sentinel_ptr s) {
  const auto question = s->question;
  if (co_await question->open()) {
    self->answered(*s);
  } else {
    self->stats_.failures.add();
    self->refused(*s);
  }
}

/// What keeps it from being connected to, its ear says. But whoever is no Sentinel, or lets us listen and not ask,
/// takes the ear for a subscriber like any other.
void master_watch::state::refused(sentinel& s) {
  if (!stopping_ && s.question->asked() && s.question->refused() && !std::exchange(s.unwilling, true)) {
    spdlog::warn("sentinel {}: it does not tell where the master is: {}", s.how.to_string(), s.question->why());
  }
}

void master_watch::state::answered(sentinel& s) {
  if (stopping_) {
    return;
  }
  s.peer = s.question->peer();
  s.unwilling = false;
  const auto& said = s.question->opinion();
  if (std::exchange(s.ignorant, !said) != !said && !said) {
    spdlog::warn("sentinel {}: it knows no master by the name of {}", s.how.to_string(), printable(of_.master));
  }
  if (!said) {
    return;
  }
  opinions_.push_back(*said);
  const auto& others = s.question->others();
  heard_of_.insert(heard_of_.end(), others.begin(), others.end());
  if (belief_.told(*said)) {
    publish();
  }
}

void master_watch::state::end_round() {
  const auto opinions = std::exchange(opinions_, {});
  if (stopping_) {
    return;
  }
  if (std::exchange(in_doubt_, false) && belief_.overruled(opinions)) {
    publish();
  }
  learn();
  if (std::exchange(ask_again_, false)) {
    ask_soon();
  }
}

/// Of further Sentinels. One that we know by its name is known by its address, too, once it has been reached.
void master_watch::state::learn() {
  for (const auto& at : std::exchange(heard_of_, {})) {
    const bool known = std::ranges::any_of(
        sentinels_, [&](const sentinel_ptr& s) { return s->at == at || s->peer == redis::to_string(at); });
    if (!known && sentinels_.size() < sentinels_most) {
      spdlog::info("redis {}: learned of the sentinel {}", of_.to_string(), redis::to_string(at));
      add(at);
    }
  }
}

void master_watch::state::switched(const master_switch& news) {
  stats_.announcements.add();
  if (belief_.announced(news.from, news.to)) {
    publish();
  }
  ask_soon(); // for its epoch, and in case that it is not from where we are
}

void master_watch::state::publish() {
  in_doubt_ = false; // the doubt, and what was told since, was about another one
  auto now = of_.server;
  now.host = belief_.master()->host;
  now.port = belief_.master()->port;
  now.must_be_master = true;
  const auto before = master();
  if (before) {
    stats_.switches.add();
    spdlog::warn("redis {}: the master is {}; it was {}", of_.to_string(), now.to_string(), before->to_string());
    if (before_switch_) {
      before_switch_();
    }
  } else {
    spdlog::info("redis {}: the master is {}", of_.to_string(), now.to_string());
  }
  const std::lock_guard lock(mutex_);
  master_ = std::move(now);
  std::erase_if(followers_, [](const follower& f) { return f.who.expired(); });
  for (const auto& f : followers_) {
    net::asio::post(f.where, [who = f.who, moved = f.moved] {
      if (const auto alive = who.lock()) {
        moved();
      }
    });
  }
}

master_watch::master_watch(const net::executor& where, const deployment& of, master_watch_options options)
    : state_(std::make_shared<state>(where, of, options)) {}

master_watch::~master_watch() {
  state_->stop();
}

void master_watch::before_switch(std::function<void()> heard) {
  state_->before_switch(std::move(heard));
}

void master_watch::start() {
  state_->start();
}

void master_watch::stop() {
  state_->stop();
}

std::optional<endpoint> master_watch::master() const {
  return state_->master();
}

void master_watch::follow(const net::executor& where, std::weak_ptr<void> who, std::function<void()> moved) {
  state_->follow(where, std::move(who), std::move(moved));
}

void master_watch::doubt() {
  state_->doubt();
}

const master_watch_stats& master_watch::stats() const noexcept {
  return state_->stats();
}

} // namespace rollcall::redis
