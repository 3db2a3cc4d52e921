#include "rollcall/upstream/link.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

namespace rollcall::upstream {

using net::error_code;
using net::steady_clock;

namespace {

// What is asked of the kernel at a time when nothing is left of the last read, and otherwise at least. A list of a
// hundred members is 50 KB.
constexpr std::size_t read_usual = 32 * 1024;
constexpr std::size_t read_least = 4 * 1024;

error_code error_of(int number) {
  return {number, boost::system::system_category()};
}

// Takes `n` bytes off the front.
void take_off(std::span<iovec>& parts, std::size_t n) {
  while (!parts.empty() && n >= parts.front().iov_len) {
    n -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (n == 0)
    return;
  parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + n;
  parts.front().iov_len -= n;
}

} // namespace

link::~link() {
  if (is_open())
    edges_.forget(*this);
}

void link::close() {
  if (!is_open())
    return;
  if (tls_)
    tls_->close();
  tls_.reset();
  edges_.forget(*this);
  socket_.close();
  reader_.notify(ex_);
  writer_.notify(ex_);
  if (then_) // whoever called us may still be at work on what it belongs to
    net::asio::post(ex_, std::exchange(then_, nullptr));
}

net::task<error_code> link::connect(const net::tcp::endpoint& to, const tls_terms* terms) {
  close();
  peer_ = to;
  distrust_.clear();
  net::descriptor socket(
      ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, to.protocol().protocol()));
  if (!socket.is_open())
    co_return error_of(errno);
  const bool at_once = ::connect(socket.get(), to.data(), static_cast<socklen_t>(to.size())) == 0;
  if (!at_once && errno != EINPROGRESS && errno != EINTR) // either goes on by itself
    co_return error_of(errno);
  const int number = socket.get();
  socket_ = net::edge_socket(std::move(socket));
  // Only now: a socket that nobody connects is one that has hung up.
  if (const auto ec = edges_.watch(number, *this)) {
    socket_.close();
    co_return ec;
  }
  socket_.set_no_delay();
  if (at_once)
    co_return terms ? co_await shake_hands(*terms) : error_code();
  co_await writer_.wait(); // the first edge says that it is decided
  if (!is_open())
    co_return net::asio::error::operation_aborted;
  int number_of_error = 0;
  socklen_t size = sizeof number_of_error;
  if (::getsockopt(number, SOL_SOCKET, SO_ERROR, &number_of_error, &size) != 0)
    number_of_error = errno;
  if (number_of_error != 0)
    close();
  else if (terms)
    co_return co_await shake_hands(*terms);
  co_return error_of(number_of_error);
}

net::task<error_code> link::shake_hands(const tls_terms& terms) {
  tls_ = std::make_unique<net::edge_tls>(*terms.context, socket_, terms.host, terms.session);
  for (;;) {
    const auto done = tls_->handshake();
    if (done)
      co_return error_code();
    if (done.error() != net::asio::error::would_block) {
      if (tls_->refused_certificate())
        distrust_ = tls_->failure(done.error());
      close();
      co_return done.error();
    }
    if (tls_->wants_room())
      co_await writer_.wait();
    else
      co_await readable();
    if (!is_open())
      co_return net::asio::error::operation_aborted;
  }
}

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
  close();
}

std::expected<std::size_t, error_code> link::write_now(std::span<const iovec> from) noexcept {
  if (!is_open())
    return std::unexpected(error_code(net::asio::error::operation_aborted));
  return tls_ ? tls_->write(from) : socket_.write(from);
}

net::task<error_code> link::write(std::span<iovec> parts) {
  for (take_off(parts, 0); !parts.empty();) {
    const auto n = write_now(parts);
    if (n)
      take_off(parts, *n);
    else if (n.error() == net::asio::error::would_block)
      co_await writer_.wait();
    else
      co_return n.error();
  }
  co_return error_code();
}

std::expected<bool, error_code> link::read_now() {
  if (!is_open())
    return std::unexpected(error_code(net::asio::error::operation_aborted));
  if (!may_read())
    return false;
  const auto space = buffer.prepare(buffer.empty() ? read_usual : read_least);
  const std::span<char> to(space.data, space.size);
  const auto n = tls_ ? tls_->read(to) : socket_.read(to);
  if (!n && n.error() == net::asio::error::would_block)
    return false;
  if (!n)
    return std::unexpected(n.error());
  if (*n == 0)
    return std::unexpected(error_code(net::asio::error::eof));
  buffer.commit(*n);
  return true;
}

// Even when there is something to read already: a peer that is faster than we are would otherwise keep the thread to
// itself, and its deadline from being looked at.
net::task<> link::readable() {
  if (!is_open())
    co_return;
  if (may_read())
    edges_.again(*this);
  co_await reader_.wait();
}

void link::when_readable(std::move_only_function<void()> then) {
  if (!is_open())
    return net::asio::post(ex_, std::move(then));
  then_ = std::move(then);
  if (may_read())
    edges_.again(*this);
}

// Whoever puts a request on a kept connection must know that nothing has come on it: it would be taken for the answer,
// and be handed to somebody whom it does not concern. And a request on a dead connection may be lost for good, because
// one that is passed through is not sent again.
//
// What has come, an edge tells. When an event of the reactor leads here, a request of a client that has just arrived,
// then whatever came on this connection before the request did was told before it, or is about to be told in the same
// turn of the loop. So asking the kernel would add nothing but what came within the turn, and that is as long as what
// comes a moment later is on its way, which nobody can see. In a long turn, or called from elsewhere, a coroutine or a
// timer, there may be more that was not told: then a read in vain settles it.
bool link::is_quiet() {
  return seems_quiet() && (!edges_.may_owe(*this) || reads_nothing());
}

bool link::seems_quiet() {
  return is_open() && buffer.empty() && (!may_read() || reads_nothing());
}

bool link::reads_nothing() {
  char byte;
  const auto n = tls_ ? tls_->read({&byte, 1}) : socket_.read({&byte, 1});
  return !n && n.error() == net::asio::error::would_block;
}

void link::on_events(std::uint32_t events) noexcept {
  try {
    on_edge(events);
  } catch (const std::exception& e) { // out of memory: one exchange ends, and no other
    spdlog::error("an exchange with the instance failed: {}", e.what());
  }
}

// What it calls in the end may destroy it.
void link::on_edge(std::uint32_t events) {
  if (socket_.note(events)) {
    writer_.notify(ex_);
    if (tls_)
      tls_->note_room();
  }
  if (!may_read())
    return;
  reader_.notify(ex_);
  if (then_)
    std::exchange(then_, nullptr)();
}

} // namespace rollcall::upstream
