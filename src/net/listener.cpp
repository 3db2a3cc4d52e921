#include "rollcall/net/listener.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rollcall::net {

namespace {

constexpr std::chrono::milliseconds sweep_every{250};
constexpr std::chrono::milliseconds pause_first{10};
constexpr std::chrono::milliseconds pause_most{1000};

using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

} // namespace

listener::acceptor open_acceptor(executor ex, const std::string& host, std::uint16_t port, port_use use) {
  const auto where = fmt::format("cannot listen on {}:{}", host, port);
  try {
    const tcp::endpoint endpoint(asio::ip::make_address(host), port);
    listener::acceptor a(ex);
    a.open(endpoint.protocol());
    a.set_option(asio::socket_base::reuse_address(true));
    // Without the option, binding tells whether the port is free; with it from then on, others may join.
    a.set_option(reuse_port(use == port_use::join));
    a.bind(endpoint);
    a.set_option(reuse_port(true));
    a.listen(4096);
    a.non_blocking(true);
    return a;
  } catch (const boost::system::system_error& e) {
    throw boost::system::system_error(e.code(), where);
  }
}

listener::listener(acceptor a, reactor& edges, service& handler, const limits& l, connection_quota& quota)
    : context_{.ex = a.get_executor(),
               .limits = l,
               .handler = handler,
               .reactor = edges,
               .stock = {},
               .stats = {},
               .date = {},
               .drain_began = {}},
      acceptor_(std::move(a)), sweeper_(context_.ex), pause_(context_.ex), quota_(quota),
      port_(acceptor_.local_endpoint().port()) {}

listener::~listener() = default;

void listener::start() {
  accept();
  sweep();
}

void listener::accept() {
  acceptor_.async_wait(acceptor::wait_read, [this](error_code ec) {
    if (!ec && acceptor_.is_open())
      accept_waiting();
  });
}

// Takes what is there, up to a bound that lets others have their turn.
void listener::accept_waiting() {
  constexpr int burst_most = 64;
  for (int i = 0; i < burst_most; ++i) {
    const auto ec = accept_one();
    if (ec == asio::error::would_block)
      break;
    if (!ec)
      continue;
    context_.stats.accept_errors.add();
    // A client that left before it was accepted is no reason to pause; everything else is a shortage of ours.
    if (ec != asio::error::connection_aborted)
      return back_off(ec);
  }
  accept();
}

error_code listener::accept_one() {
  const int number = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (number >= 0) {
    if (std::exchange(pause_for_, {}) > std::chrono::milliseconds{0})
      spdlog::info("accepting connections again");
    admit(descriptor(number));
    return {};
  }
  if (errno == EINTR)
    return accept_one();
  return errno == EAGAIN ? error_code(asio::error::would_block) : error_code(errno, boost::system::system_category());
}

// Out of file descriptors or memory: accepting again at once would spin, and every connection that ends may help.
void listener::back_off(error_code ec) {
  if (pause_for_ == std::chrono::milliseconds{0})
    spdlog::warn("cannot accept connections: {}; trying again with growing pauses (is the limit on open files, "
                 "ulimit -n, high enough?)",
                 ec.message());
  pause_for_ = std::clamp(pause_for_ * 2, pause_first, pause_most);
  pause_.expires_after(pause_for_);
  pause_.async_wait([this](error_code cancelled) {
    if (!cancelled && acceptor_.is_open())
      accept();
  });
}

void listener::admit(descriptor socket) {
  context_.stats.accepted.add();
  const bool room = quota_.take();
  const auto s = std::make_shared<session>(std::move(socket), context_, room ? &quota_ : nullptr);
  if (!room) {
    context_.stats.refused.add();
    return s->refuse();
  }
  sessions_.push_back(*s);
  s->begin();
}

void listener::sweep() {
  context_.now = steady_clock::now();
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto kept = (at++)->shared_from_this(); // closing may unlink it
    kept->sweep(context_.now);
  }
  sweeper_.expires_after(sweep_every);
  sweeper_.async_wait([this](error_code cancelled) {
    if (!cancelled && !stopped_) // it may have expired in the turn of the loop that stopped us
      sweep();
  });
}

void listener::drain() {
  if (context_.draining)
    return;
  context_.draining = true;
  context_.drain_began = steady_clock::now();
  while (!stopped_ && !accept_one()) {
  }
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void listener::stop() {
  stopped_ = true;
  drain();
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto kept = (at++)->shared_from_this();
    kept->close();
  }
  sweeper_.cancel();
}

bool listener::drained() const {
  return context_.draining && sessions_.empty();
}

} // namespace rollcall::net
