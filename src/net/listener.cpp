#include "rollcall/net/listener.hpp"

#include "rollcall/net/listening.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
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

} // namespace

/// One socket that listens. Only waited on here: Asio's acceptor would keep a socket that is passed to another process
/// in its epoll set when it is closed, and be told of what comes there.
struct listener::door {
  door(const executor& ex, descriptor socket) : waiting(ex, socket.get()), number(std::move(socket)) {}
  ~door() { close(); }
  door(const door&) = delete;
  door& operator=(const door&) = delete;

  void close() {
    if (waiting.is_open())
      (void)waiting.release(); // takes it out of the set, which closing would leave to the last who has it
    number.close();
  }

  asio::posix::basic_stream_descriptor<executor> waiting;
  descriptor number;
  bool paused = false;
};

listener::listener(executor ex, std::vector<descriptor> ports, reactor& edges, service& handler, const limits& l,
                   connection_quota& quota, byte_budget& bytes)
    : context_{.ex = ex,
               .limits = l,
               .handler = handler,
               .reactor = edges,
               .bytes = bytes,
               .stock = {},
               .stats = {},
               .date = {},
               .drain_began = {}},
      sweeper_(ex), pause_(ex), quota_(quota), port_(port_of(ports.front().get())) {
  for (auto& each : ports)
    doors_.push_back(std::make_unique<door>(ex, std::move(each)));
}

listener::~listener() = default;

std::vector<int> listener::sockets() const {
  std::vector<int> all;
  all.reserve(doors_.size());
  for (const auto& d : doors_)
    all.push_back(d->number.get());
  return all;
}

void listener::start() {
  for (const auto& d : doors_)
    accept(*d);
  sweep();
}

void listener::accept(door& d) {
  d.waiting.async_wait(asio::posix::descriptor_base::wait_read, [this, &d](error_code ec) {
    if (!ec && d.waiting.is_open())
      accept_waiting(d);
  });
}

// Takes what is there, up to a bound that lets others have their turn.
void listener::accept_waiting(door& d) {
  constexpr int burst_most = 64;
  for (int i = 0; i < burst_most; ++i) {
    const auto ec = accept_one(d);
    if (ec == asio::error::would_block)
      break;
    if (!ec)
      continue;
    context_.stats.accept_errors.add();
    // A client that left before it was accepted is no reason to pause; everything else is a shortage of ours.
    if (ec != asio::error::connection_aborted)
      return back_off(d, ec);
  }
  accept(d);
}

error_code listener::accept_one(door& d) {
  const int number = ::accept4(d.number.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (number >= 0) {
    if (std::exchange(pause_for_, {}) > std::chrono::milliseconds{0})
      spdlog::info("accepting connections again");
    admit(descriptor(number));
    return {};
  }
  if (errno == EINTR)
    return accept_one(d);
  return errno == EAGAIN ? error_code(asio::error::would_block) : error_code(errno, boost::system::system_category());
}

// Out of file descriptors or memory: accepting again at once would spin, and every connection that ends may help.
void listener::back_off(door& d, error_code ec) {
  if (pause_for_ == std::chrono::milliseconds{0})
    spdlog::warn("cannot accept connections: {}; trying again with growing pauses (is the limit on open files, "
                 "ulimit -n, high enough?)",
                 ec.message());
  d.paused = true;
  pause_for_ = std::clamp(pause_for_ * 2, pause_first, pause_most);
  pause_.expires_after(pause_for_);
  pause_.async_wait([this](error_code cancelled) {
    if (cancelled)
      return;
    for (const auto& each : doors_)
      if (std::exchange(each->paused, false) && each->waiting.is_open())
        accept(*each);
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
  make_room();
  sweeper_.expires_after(sweep_every);
  sweeper_.async_wait([this](error_code cancelled) {
    if (!cancelled && !stopped_) // it may have expired in the turn of the loop that stopped us
      sweep();
  });
}

// While the buffers of all clients together are too large, who holds most of them here goes. Several lanes may each
// close one where one would have been enough; that ends, since it is the slow who go.
void listener::make_room() {
  auto& bytes = context_.bytes;
  if (bytes.has_room() && bytes.is_news(false))
    spdlog::info("there is room for slow clients again");
  if (!bytes.spent())
    return;
  if (bytes.is_news(true))
    spdlog::warn(
        "{} bytes wait for slow clients and instances, which is the limit (server.max_buffered): those who hold "
        "most are closed, and what memory cannot answer is turned away",
        bytes.used());
  const auto most = std::ranges::max_element(sessions_, {}, [](const session& s) { return s.held(); });
  if (most == sessions_.end() || most->held() == 0)
    return;
  const auto kept = most->shared_from_this();
  context_.stats.crowded_out.add();
  kept->close();
}

void listener::drain(leaving how) {
  if (context_.draining)
    return;
  context_.draining = true;
  context_.drain_began = steady_clock::now();
  for (const auto& d : doors_) {
    while (how == leaving::closing && !stopped_ && !accept_one(*d)) {
    }
    d->close();
  }
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
