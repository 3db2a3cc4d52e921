#include "proxy/tunnel.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <utility>

namespace rollcall::proxy {
namespace {

namespace asio = boost::asio;

void report(const std::exception_ptr& failure) {
  if (!failure) {
    return;
  }
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollcall-proxy: connection lost: {}\n", error.what());
  }
}

void reset_socket(net::tcp_socket& socket) {
  net::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

} // namespace

tunnel::tunnel(net::tcp_socket client, const mode& current, std::uint64_t seed)
    : client_(std::move(client)), server_(client_.get_executor()), up_(client_.get_executor()),
      down_(client_.get_executor()), mode_(current), left_(current.bytes), random_(seed) {}

void tunnel::spawn(net::task<> work) {
  asio::co_spawn(client_.get_executor(), std::move(work), report);
}

void tunnel::start(net::tcp::endpoint to) {
  net::error_code ignored;
  client_.set_option(net::tcp::no_delay(true), ignored);
  spawn(read(shared_from_this(), way::up));
  spawn(open(shared_from_this(), to));
}

void tunnel::change(const mode& to) {
  mode_ = to;
  left_ = to.bytes;
  if (swallowed_ || to.what == mode::kind::close || to.what == mode::kind::refuse) {
    reset();
  }
}

void tunnel::reset() {
  reset_socket(client_);
  reset_socket(server_);
  up_.close();
  down_.close();
}

net::task<> tunnel::open(std::shared_ptr<tunnel> self, net::tcp::endpoint to) {
  const auto [error] = co_await self->server_.async_connect(to, net::no_throw);
  if (error || !self->client_.is_open()) {
    self->reset();
    co_return;
  }
  net::error_code ignored;
  self->server_.set_option(net::tcp::no_delay(true), ignored);
  self->spawn(read(self, way::down));
  self->spawn(write(self, way::up));
  self->spawn(write(self, way::down));
}

net::task<> tunnel::read(std::shared_ptr<tunnel> self, way w) {
  auto& from = w == way::up ? self->client_ : self->server_;
  auto& to = w == way::up ? self->up_ : self->down_;
  std::array<char, 16 << 10> buffer;
  for (;;) {
    co_await to.room();
    const auto [error, got] = co_await from.async_read_some(asio::buffer(buffer), net::no_throw);
    if (error == asio::error::eof) {
      const auto now = net::steady_clock::now();
      to.add({.what = pipe::piece::kind::end, .bytes = {}, .due = now + self->mode_.delay});
      co_return;
    }
    if (error) {
      self->reset();
      co_return;
    }
    self->take(std::span(buffer).first(got), w);
  }
}

/// What has come is treated as the mode says.
void tunnel::take(std::span<const char> bytes, way w) {
  const auto now = net::steady_clock::now();
  if (mode_.what == mode::kind::mute) {
    swallowed_ = true;
    return;
  }
  pipe::piece p{.bytes = {bytes.data(), bytes.size()}, .due = now + mode_.delay};
  if (w == way::up) {
    up_.add(std::move(p));
    return;
  }
  if (mode_.what == mode::kind::garbage) {
    spoil(p.bytes);
  }
  if (mode_.what != mode::kind::cut) {
    down_.add(std::move(p));
    return;
  }
  p.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(p.bytes.size(), left_)));
  left_ -= p.bytes.size();
  down_.add(std::move(p));
  if (left_ == 0) {
    down_.add({.what = pipe::piece::kind::reset, .bytes = {}, .due = now});
  }
}

void tunnel::spoil(std::string& bytes) {
  std::ranges::generate(bytes, [this] { return static_cast<char>(random_() >> 8); });
}

net::task<> tunnel::write(std::shared_ptr<tunnel> self, way w) {
  auto& from = w == way::up ? self->up_ : self->down_;
  auto& to = w == way::up ? self->server_ : self->client_;
  for (;;) {
    const auto p = co_await from.next();
    if (p.what == pipe::piece::kind::reset) {
      self->reset();
      co_return;
    }
    if (p.what == pipe::piece::kind::end) {
      net::error_code ignored;
      to.shutdown(net::tcp::socket::shutdown_send, ignored);
      co_return;
    }
    const auto [error, sent] = co_await asio::async_write(to, asio::buffer(p.bytes), net::no_throw);
    if (error) {
      self->reset();
      co_return;
    }
  }
}

} // namespace rollcall::proxy
