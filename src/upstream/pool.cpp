#include "rollcall/upstream/pool.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace rollcall::upstream {

using net::error_code;
using net::steady_clock;
using net::tcp;

pool::pool(const net::executor& ex, net::reactor& edges, instance to, const pool_options& options,
           std::shared_ptr<health> condition, std::shared_ptr<net::tls_context> trust)
    : ex_(ex), edges_(edges), to_(std::move(to)), names_(ex, to_.host, to_.port, options.look_up), options_(options),
      condition_(std::move(condition)), sweeper_(ex) {
  if (trust)
    tls_.emplace(std::move(trust), to_.host);
  names_.when_gone([this](const auto& gone) { close_idle(gone); });
}

pool::~pool() = default;

net::task<std::expected<std::shared_ptr<link>, failure>> pool::take(bool fresh, steady_clock::time_point latest) {
  if (!fresh) {
    if (auto l = take_idle())
      co_return l;
  }
  auto made = co_await connect(latest);
  (made ? stats_.connects : stats_.connect_failures).add();
  if (made)
    stats_.open.add();
  co_return made;
}

// The most recently used first: it is the least likely to be dead, and the others may age and go.
std::shared_ptr<link> pool::take_idle() {
  close_older_than(steady_clock::now() - options_.idle_for);
  while (!idle_.empty()) {
    auto l = std::move(idle_.back());
    idle_.pop_back();
    stats_.idle.subtract();
    l->cancel_when_readable();
    if (l->is_quiet()) {
      l->reused = true;
      stats_.reuses.add();
      stats_.open.add();
      open_.push_back(*l);
      return l;
    }
    stats_.stale.add();
  }
  return nullptr;
}

// One address after the other, each with its share of the time that is left, so that one that swallows packets does not
// keep the next from being tried.
net::task<std::expected<std::shared_ptr<link>, failure>> pool::connect(steady_clock::time_point latest) {
  const auto by = std::min(steady_clock::now() + options_.connect_timeout, latest);
  const auto found = co_await names_.get(by, options_.dns_ttl);
  if (!found) {
    trouble_ = found.error().message();
    misdirected_ = found.error() == net::asio::error::host_not_found;
    co_return std::unexpected(found.error() == net::asio::error::timed_out ? failure::connect_timed_out
                                                                           : failure::unreachable);
  }
  auto why = failure::unreachable;
  for (auto left = static_cast<int>(found->size()); const auto& each : *found) {
    const auto now = steady_clock::now();
    if (stopped_ || now >= by)
      break;
    auto l = co_await connect_to(each, now + (by - now) / left--);
    if (l) {
      names_.worked(each);
      co_return l;
    }
    why = l.error();
  }
  co_return std::unexpected(why);
}

net::task<std::expected<std::shared_ptr<link>, failure>> pool::connect_to(tcp::endpoint where,
                                                                          steady_clock::time_point latest) {
  const auto l = std::make_shared<link>(ex_, edges_);
  open_.push_back(*l);
  l->expires_at(latest);
  const auto ec = co_await l->connect(where, tls_ ? &*tls_ : nullptr);
  l->no_deadline();
  if (l->overdue())
    co_return std::unexpected(failure::connect_timed_out);
  const bool untrusted = !l->distrust().empty();
  trouble_ = untrusted ? l->distrust() : ec ? ec.message() : std::string();
  misdirected_ = untrusted || (ec && ec.category() == net::asio::error::get_ssl_category());
  if (untrusted)
    co_return std::unexpected(failure::untrusted);
  if (ec == net::asio::error::timed_out) // the kernel's own
    co_return std::unexpected(failure::connect_timed_out);
  if (ec || !l->is_open())
    co_return std::unexpected(failure::unreachable);
  co_return l;
}

// Of addresses that the name no longer has. What carries an exchange ends with it.
void pool::close_idle(const address_book::addresses& to) {
  const auto closed =
      std::erase_if(idle_, [&](const auto& each) { return std::ranges::find(to, each->peer()) != to.end(); });
  stats_.idle.subtract(closed);
}

void pool::give_back(std::shared_ptr<link> l, bool reusable) {
  stats_.open.subtract();
  l->unlink();
  l->no_deadline();
  if (!reusable || stopped_ || !l->is_open() || idle_.size() >= options_.idle_most || !names_.has(l->peer()))
    return l->close();
  if (!l->seems_quiet()) {
    stats_.stale.add();
    return l->close();
  }
  if (tls_ && !l->reused) // by the end of an exchange the server has given what it has to give
    if (auto s = l->session())
      tls_->session = std::move(s);
  l->idle_since = steady_clock::now();
  watch_idle(*l);
  idle_.push_back(std::move(l));
  stats_.idle.add();
  if (!sweeping_)
    sweep();
}

void pool::watch_idle(link& l) {
  l.when_readable([this, &l] { on_unasked(l); });
}

void pool::on_unasked(link& l) {
  if (l.seems_quiet()) // what the edge told of had been read
    return watch_idle(l);
  stats_.stale.add();
  stats_.idle.subtract();
  std::erase_if(idle_, [&](const auto& each) { return each.get() == &l; });
}

void pool::close_older_than(steady_clock::time_point limit) {
  while (!idle_.empty() && idle_.front()->idle_since < limit) {
    idle_.pop_front();
    stats_.idle.subtract();
  }
}

// Runs while there are idle connections.
void pool::sweep() {
  sweeping_ = true;
  sweeper_.expires_after(std::chrono::seconds(1));
  sweeper_.async_wait([this](error_code cancelled) {
    if (cancelled)
      return;
    close_older_than(steady_clock::now() - options_.idle_for);
    sweeping_ = !idle_.empty();
    if (sweeping_)
      sweep();
  });
}

void pool::call_ended(steady_clock::time_point began, std::expected<unsigned, failure> how) {
  stats_.call_seconds.observe(steady_clock::now() - began);
  if (!how)
    stats_.call_failures[static_cast<std::size_t>(how.error()) - 1].add();
  exchange_ended(how);
}

void pool::exchange_ended(std::expected<unsigned, failure> how) {
  if (!condition_ || stopped_)
    return;
  const auto now = steady_clock::now();
  if (how && !speaks_against_instance(*how))
    return condition_->succeeded(now);
  if (how)
    return condition_->failed(now, fmt::format("HTTP status {}", *how));
  if (!speaks_against_instance(how.error()))
    return;
  if (how.error() == failure::untrusted)
    return condition_->failed(now, trouble_, {}, true);
  const bool unreachable = how.error() == failure::unreachable;
  condition_->failed(now, to_string(how.error()), unreachable ? trouble_ : std::string_view(),
                     unreachable && misdirected_);
}

void pool::stop() {
  stopped_ = true;
  names_.stop();
  for (auto& l : open_)
    l.close();
  while (!idle_.empty()) {
    idle_.pop_front();
    stats_.idle.subtract();
  }
  sweeper_.cancel();
}

} // namespace rollcall::upstream
