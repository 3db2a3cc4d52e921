#include "cluster_watch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <exception>
#include <utility>

namespace rollcall::redis {
namespace {

/// Of one round: more would take too long when none of them answers, and the others are asked in the next one.
constexpr std::size_t round_most = 8;

connection_options survey_options(const cluster_watch_options& o) {
  connection_options options;
  options.connect_timeout = o.patience;
  options.reply_most = std::size_t{4} << 20; // 16,384 rows are one
  return options;
}

} // namespace

cluster_watch::cluster_watch(const net::executor& where, deployment at, std::string name, cluster_watch_options options)
    : where_(where), at_(std::move(at)), name_(std::move(name)), options_(options), order_(at_.nodes),
      schedule_(options.period, options.least, options.most), pause_(where), random_(std::random_device{}()) {}

void cluster_watch::start() {
  assert(!started_);
  started_ = true;
  net::asio::co_spawn(where_, keep(shared_from_this()), [self = shared_from_this()](const std::exception_ptr& e) {
    if (e) {
      spdlog::critical("{}: no longer following the cluster's changes, after an internal error", self->name_);
    }
  });
}

void cluster_watch::stop() {
  stopping_ = true;
  pause_.cancel();
  if (asking_) {
    asking_->end("stopped");
  }
}

endpoint cluster_watch::endpoint_of(const host_port& node) const {
  auto e = at_.server;
  e.path.clear();
  e.host = node.host;
  e.port = node.port;
  return e;
}

void cluster_watch::look() {
  if (schedule_.look()) {
    pause_.cancel(); // it is set anew
  }
}

void cluster_watch::look(const host_port& node) {
  order_.prefer(node);
  look();
}

/// Holds itself by `self`; everything else may go away meanwhile.
net::task<void> cluster_watch::keep(std::shared_ptr<cluster_watch> self) {
  while (!self->stopping_) {
    self->schedule_.begun();
    try {
      co_await self->round();
    } catch (const std::exception& e) { // want of memory or descriptors, most likely
      self->trouble_ = printable(e.what());
      self->report(false);
    }
    if (!self->stopping_) {
      const bool calm = self->known() && self->map_.complete() && self->settled();
      self->schedule_.ended(net::steady_clock::now(), calm, std::uniform_real_distribution<>()(self->random_));
      co_await self->pause();
    }
  }
}

/// Until the next round is due, which may become earlier meanwhile.
net::task<void> cluster_watch::pause() {
  while (!stopping_ && net::steady_clock::now() < schedule_.next()) {
    pause_.expires_at(schedule_.next());
    co_await pause_.async_wait(net::no_throw);
  }
}

/// The first node that is at work and not behind what is known already is believed. When there is none, the one that is
/// least behind: who was cut off from the others would name masters that are none any more, but a cluster that was made
/// anew begins to count anew.
net::task<void> cluster_watch::round() {
  std::optional<survey::answer> best;
  auto nodes = order_.nodes();
  nodes.resize(std::min(nodes.size(), round_most));
  for (const auto& node : nodes) {
    auto told = co_await ask(node);
    if (stopping_) {
      co_return;
    }
    if (!told) {
      order_.failed(node);
      continue;
    }
    const auto worth = [](const survey::answer& a) { return std::pair(a.state.epoch, a.state.ok); };
    if (!best || worth(*told) > worth(*best)) {
      best = std::move(told);
    }
    if (best->state.ok && best->state.epoch >= epoch_) {
      break;
    }
  }
  report(best.has_value());
  if (best) {
    adopt(std::move(*best));
  }
  surveyed();
}

net::task<std::optional<survey::answer>> cluster_watch::ask(host_port node) {
  asking_ = std::make_shared<survey>(where_, endpoint_of(node), survey_options(options_), survey_stats_);
  const auto s = asking_;
  try {
    co_await s->open();
  } catch (const std::exception& e) {
    s->end(printable(e.what()));
  }
  asking_.reset();
  if (!s->told()) {
    trouble_ = fmt::format("{}:{}: {}", node.host, node.port, s->why());
  }
  s->end("it has told");
  co_return std::move(s->told());
}

void cluster_watch::adopt(survey::answer told) {
  epoch_ = told.state.epoch;
  if (told.map != map_) {
    map_ = std::move(told.map);
    order_.adopt(map_);
  }
}

/// One line for a change.
void cluster_watch::report(bool known) {
  const auto before = std::exchange(known_, known);
  if (known && before == false) {
    spdlog::info("{}: the cluster's nodes tell again which slots they have", name_);
  } else if (!known && before != false) {
    spdlog::warn("{}: no node of the cluster tells which slots it has: {}; keeping on asking", name_, trouble_);
  }
}

} // namespace rollcall::redis
