#include "rollcall/gateway/lease_waits.hpp"

#include <boost/asio/post.hpp>

#include <vector>

namespace rollcall::gateway {

struct lease_waits::waiter {
  waiter(std::string text, const net::executor& where) : identity(std::move(text)), ex(where), pause(where) {}

  static void wake(std::shared_ptr<waiter> w) {
    const auto where = w->ex;
    net::asio::post(where, [w = std::move(w)] {
      w->woken = true;
      w->pause.cancel();
    });
  }

  const std::string identity;
  const net::executor ex;
  // Of the executor's thread.
  net::timer pause;
  bool woken = false;
};

lease_waits::seat::seat(lease_waits& table, const cache::identity& id, const net::executor& ex,
                        std::optional<stamp_type> since)
    : table_(table), waiter_(std::make_shared<waiter>(std::string(id.text()), ex)) {
  const std::lock_guard lock(table_.mutex_);
  waiter_->woken = since && *since != table_.news_.load(std::memory_order_relaxed);
  table_.seats_.emplace(waiter_->identity, waiter_);
  table_.size_.store(table_.seats_.size(), std::memory_order_relaxed);
}

lease_waits::seat::~seat() {
  if (!waiter_)
    return;
  const std::lock_guard lock(table_.mutex_);
  auto [at, end] = table_.seats_.equal_range(waiter_->identity);
  while (at != end && at->second != waiter_)
    ++at;
  if (at != end)
    table_.seats_.erase(at);
  table_.size_.store(table_.seats_.size(), std::memory_order_relaxed);
}

net::task<> lease_waits::seat::wait(std::chrono::milliseconds most) {
  const auto w = waiter_;
  if (!w->woken) {
    w->pause.expires_after(most);
    co_await w->pause.async_wait(net::no_throw);
  }
  w->woken = false;
}

void lease_waits::wake(const cache::identity& id) {
  const std::lock_guard lock(mutex_);
  news_.fetch_add(1, std::memory_order_release);
  auto [at, end] = seats_.equal_range(std::string(id.text()));
  for (; at != end; ++at)
    waiter::wake(at->second);
}

void lease_waits::wake_all() {
  const std::lock_guard lock(mutex_);
  news_.fetch_add(1, std::memory_order_release);
  for (const auto& [id, w] : seats_)
    waiter::wake(w);
}

} // namespace rollcall::gateway
