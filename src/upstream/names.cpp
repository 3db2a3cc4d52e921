#include "rollcall/upstream/names.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_resolver.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace rollcall::upstream {

using net::error_code;
using net::steady_clock;
using net::tcp;

/// Shared with a look-up that is under way, which may come to its end after everybody has gone.
struct names::state {
  address_book book;
  error_code last_error;
  std::function<void(const address_book::addresses&)> gone;
  std::vector<std::weak_ptr<net::timer>> waiting; // each ends one wait
  bool stopped = false;

  void wake() {
    for (const auto& each : std::exchange(waiting, {}))
      if (const auto gate = each.lock())
        gate->cancel();
  }

  void take(error_code ec, address_book::addresses found) {
    const auto now = steady_clock::now();
    last_error = ec;
    if (!ec && found.empty())
      last_error = net::asio::error::host_not_found;
    if (last_error)
      book.failed(now);
    else if (const auto lost = book.found(now, std::move(found)); !lost.empty() && gone && !stopped)
      gone(lost);
    wake();
  }
};

namespace {

// getaddrinfo cannot be interrupted, so it is never waited for.
look_up ask_system(const net::executor& ex) {
  auto resolver = std::make_shared<net::asio::ip::basic_resolver<tcp, net::executor>>(ex);
  return [resolver](const std::string& host, std::uint16_t port, auto then) {
    resolver->async_resolve(host, std::to_string(port),
                            [then = std::move(then)](error_code ec, const auto& found) mutable {
                              address_book::addresses all;
                              for (const auto& each : found)
                                all.push_back(each.endpoint());
                              then(ec, std::move(all));
                            });
  };
}

} // namespace

names::names(const net::executor& ex, std::string host, std::uint16_t port, look_up ask)
    : ex_(ex), host_(std::move(host)), port_(port), ask_(std::move(ask)), state_(std::make_shared<state>()) {
  error_code ec;
  if (const auto address = net::asio::ip::make_address(host_, ec); !ec) { // nobody need be asked
    state_->book.found(steady_clock::now(), {tcp::endpoint(address, port_)});
    ask_ = nullptr;
  } else if (!ask_) {
    ask_ = ask_system(ex);
  }
}

names::~names() {
  stop();
}

net::task<std::expected<address_book::addresses, error_code>> names::get(steady_clock::time_point latest,
                                                                         std::chrono::milliseconds good_for) {
  const auto s = state_;
  if (ask_ && s->book.should_look_up(steady_clock::now(), good_for))
    ask_(host_, port_, [s](error_code ec, address_book::addresses found) { s->take(ec, std::move(found)); });
  if (s->book.to_try().empty() && s->book.is_looking_up() && !s->stopped) {
    const auto gate = std::make_shared<net::timer>(ex_, latest);
    std::erase_if(s->waiting, [](const auto& each) { return each.expired(); });
    s->waiting.push_back(gate);
    co_await gate->async_wait(net::no_throw);
  }
  if (!s->book.to_try().empty())
    co_return s->book.to_try();
  const bool late = s->book.is_looking_up();
  co_return std::unexpected(late || !s->last_error ? error_code(net::asio::error::timed_out) : s->last_error);
}

bool names::has(const tcp::endpoint& which) const {
  return std::ranges::find(state_->book.to_try(), which) != state_->book.to_try().end();
}

void names::worked(const tcp::endpoint& which) {
  state_->book.worked(which);
}

void names::when_gone(std::function<void(const address_book::addresses&)> then) {
  state_->gone = std::move(then);
}

void names::stop() {
  state_->stopped = true;
  state_->wake();
  ask_ = nullptr; // takes a look-up off the queue that has not begun
}

} // namespace rollcall::upstream
