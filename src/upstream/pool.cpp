#include "rollcall/upstream/pool.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace rollcall::upstream {

using net::error_code;
using net::steady_clock;
using net::tcp;

pool::pool(const net::executor& ex, net::reactor& edges, instance to, const pool_options& options,
           std::shared_ptr<health> condition)
    : ex_(ex), edges_(edges), to_(std::move(to)), options_(options), condition_(std::move(condition)), sweeper_(ex) {}

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

net::task<std::expected<std::shared_ptr<link>, failure>> pool::connect(steady_clock::time_point latest) {
  const auto l = std::make_shared<link>(ex_, edges_);
  open_.push_back(*l);
  l->expires_at(std::min(steady_clock::now() + options_.connect_timeout, latest));
  const auto ec = co_await connect(*l);
  l->no_deadline();
  if (l->overdue() || ec == net::asio::error::timed_out)
    co_return std::unexpected(failure::connect_timed_out);
  trouble_ = ec ? ec.message() : std::string();
  if (ec || !l->is_open())
    co_return std::unexpected(failure::unreachable);
  co_return l;
}

net::task<error_code> pool::connect(link& l) {
  error_code ec;
  std::vector<tcp::endpoint> endpoints;
  if (const auto address = net::asio::ip::make_address(to_.host, ec); !ec) {
    endpoints.emplace_back(address, to_.port);
  } else {
    const auto found = co_await look_up(l.expiry());
    if (!found)
      co_return found.error();
    endpoints = *found;
  }
  for (const auto& endpoint : endpoints) {
    if (l.overdue() || stopped_)
      break;
    ec = co_await l.connect(endpoint);
    if (!ec)
      break;
  }
  co_return ec;
}

struct pool::name_lookup {
  explicit name_lookup(const net::executor& ex) : resolver(ex), gate(ex) {}
  net::asio::ip::basic_resolver<tcp, net::executor> resolver;
  net::timer gate; // ends the wait: when there is a result, at the deadline, or when the pool stops
  bool done = false;
  error_code ec;
  std::vector<tcp::endpoint> endpoints;
};

// getaddrinfo cannot be interrupted, so it is not waited for: what waits is a timer that the result cancels.
net::task<std::expected<std::vector<tcp::endpoint>, error_code>> pool::look_up(steady_clock::time_point latest) {
  const auto l = std::make_shared<name_lookup>(ex_);
  std::erase_if(lookups_, [](const auto& each) { return each.expired(); });
  lookups_.push_back(l);
  l->gate.expires_at(latest);
  l->resolver.async_resolve(to_.host, std::to_string(to_.port), [l](error_code ec, const auto& found) {
    l->done = true;
    l->ec = ec;
    for (const auto& each : found)
      l->endpoints.push_back(each.endpoint());
    l->gate.cancel();
  });
  co_await l->gate.async_wait(net::no_throw);
  l->resolver.cancel(); // takes it off the queue if it has not begun
  if (!l->done)
    co_return std::unexpected(error_code(net::asio::error::timed_out));
  if (l->ec)
    co_return std::unexpected(l->ec);
  co_return std::move(l->endpoints);
}

void pool::give_back(std::shared_ptr<link> l, bool reusable) {
  stats_.open.subtract();
  l->unlink();
  l->no_deadline();
  if (!reusable || stopped_ || !l->is_open() || idle_.size() >= options_.idle_most)
    return l->close();
  if (!l->seems_quiet()) {
    stats_.stale.add();
    return l->close();
  }
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
  stats_.calls.add();
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
  const bool no_connection = how.error() == failure::unreachable || how.error() == failure::untrusted;
  condition_->failed(now, to_string(how.error()), no_connection ? trouble_ : std::string_view(),
                     how.error() == failure::untrusted);
}

void pool::stop() {
  stopped_ = true;
  for (const auto& each : lookups_)
    if (const auto l = each.lock())
      l->gate.cancel();
  for (auto& l : open_)
    l.close();
  while (!idle_.empty()) {
    idle_.pop_front();
    stats_.idle.subtract();
  }
  sweeper_.cancel();
}

} // namespace rollcall::upstream
