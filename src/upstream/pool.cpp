#include "rollcall/upstream/pool.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace rollcall::upstream {

using net::error_code;
using net::steady_clock;
using net::tcp;

void link::expires_at(steady_clock::time_point when) {
  deadline_ = when;
  if (when < watched_until_)
    watch_until(when);
}

// Keeps nobody alive: an exchange does that, and an idle link needs no deadline.
void link::watch_until(steady_clock::time_point when) {
  watched_until_ = when;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    // It may have fired just before it was set anew.
    if (!cancelled && self && self->watched_until_ <= steady_clock::now())
      self->look_at_the_clock();
  });
}

void link::look_at_the_clock() {
  watched_until_ = steady_clock::time_point::max();
  if (deadline_ == steady_clock::time_point::max())
    return;
  if (deadline_ > steady_clock::now())
    return watch_until(deadline_);
  overdue_ = true;
  error_code ignored;
  socket.close(ignored);
}

bool link::is_quiet() {
  char byte;
  const auto n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && buffer.size() == 0;
}

pool::pool(net::executor ex, instance to, const pool_options& options)
    : ex_(ex), to_(std::move(to)), options_(options), sweeper_(ex) {}

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
  const auto l = std::make_shared<link>(ex_);
  open_.push_back(*l);
  l->expires_at(std::min(steady_clock::now() + options_.connect_timeout, latest));
  auto ec = co_await connect(*l);
  l->no_deadline();
  if (l->overdue() || ec == net::asio::error::timed_out)
    co_return std::unexpected(failure::connect_timed_out);
  if (ec || !l->socket.is_open())
    co_return std::unexpected(failure::unreachable);
  l->socket.set_option(tcp::no_delay(true), ec);
  l->socket.non_blocking(true, ec);
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
  // A name that took longer than the deadline leaves a closed socket, which connect would open again.
  for (const auto& endpoint : endpoints) {
    if (l.overdue() || stopped_)
      break;
    l.socket.close(ec);
    std::tie(ec) = co_await l.socket.async_connect(endpoint, net::no_throw);
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
  if (!reusable || stopped_ || !l->socket.is_open() || idle_.size() >= options_.idle_most) {
    error_code ignored;
    l->socket.close(ignored);
    return;
  }
  l->idle_since = steady_clock::now();
  idle_.push_back(std::move(l));
  stats_.idle.add();
  if (!sweeping_)
    sweep();
}

void pool::close_older_than(steady_clock::time_point limit) {
  while (!idle_.empty() && idle_.front()->idle_since < limit) {
    idle_.pop_front();
    stats_.idle.subtract();
  }
}

// Runs while there are idle connections, so that one that the instance has closed does not linger half-open.
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

void pool::stop() {
  stopped_ = true;
  for (const auto& each : lookups_)
    if (const auto l = each.lock())
      l->gate.cancel();
  for (auto& l : open_) {
    error_code ignored;
    l.socket.close(ignored);
  }
  while (!idle_.empty()) {
    idle_.pop_front();
    stats_.idle.subtract();
  }
  sweeper_.cancel();
}

} // namespace rollcall::upstream
