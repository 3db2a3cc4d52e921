#include "rollcall/net/session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace rollcall::net {

namespace {

// Answers that are queued before they are written, at most: pipelined hits leave in one write.
constexpr unsigned burst_most = 64;
constexpr std::size_t read_least = 1024;

} // namespace

session::session(descriptor socket, session_context& context, connection_quota* quota)
    : context_(context), quota_(quota), held_(&context.bytes), socket_(std::move(socket)) {
  context_.stats.open.add();
}

session::~session() {
  context_.stats.open.subtract();
  if (quota_)
    quota_->give_back();
}

void session::begin() {
  self_ = shared_from_this();
  socket_.set_no_delay();
  enter(stage::idle);
  wants_more_ = true;
  if (context_.reactor.watch(socket_.native_handle(), *this))
    close();
}

void session::enter(stage s) {
  stage_ = s;
  const auto& limits = context_.limits;
  switch (s) {
  case stage::idle:
    deadline_ = context_.now + limits.idle_timeout;
    break;
  case stage::head:
    deadline_ = context_.now + limits.head_timeout;
    break;
  case stage::body:
    deadline_ = context_.now + limits.body_timeout;
    break;
  case stage::serving: // the service has deadlines of its own
    deadline_ = steady_clock::time_point::max();
    break;
  case stage::lingering:
    deadline_ = context_.now + limits.linger_timeout;
    break;
  }
}

void session::sweep(steady_clock::time_point now) {
  if (stage_ == stage::idle && context_.draining && !owes_answers()) {
    if (now - context_.drain_began >= context_.limits.drain_idle)
      close();
    return;
  }
  // While it has answers to take, a client owes us nothing else; but a service may be reading its body all the same.
  const bool owes = stage_ == stage::serving || !owes_answers();
  if (now < write_deadline_ && (!owes || now < deadline_))
    return;
  if (stage_ != stage::lingering && (stage_ != stage::idle || owes_answers()))
    context_.stats.timeouts.add();
  if ((stage_ == stage::head || stage_ == stage::body) && !owes_answers()) {
    // Best effort: the client has been silent, so nothing unread can turn the close into a reset.
    error_answer(408, "the request did not arrive in time");
    (void)push();
  }
  close();
}

void session::close() {
  if (quota_)
    std::exchange(quota_, nullptr)->give_back(); // a turn may keep the session, but not its place
  held_.hold(0);
  if (!socket_.is_open())
    return;
  if (until_close_) // it is cut short: only a reset tells that from its end
    socket_.reset_on_close();
  wants_more_ = false;
  context_.reactor.forget(*this);
  socket_.close();
  reader_.notify(context_.ex);
  writer_.notify(context_.ex);
  if (self_) // whoever called us may still be at work on it
    asio::post(context_.ex, [self = std::move(self_)] {});
}

session_buffers& session::work() {
  if (!work_)
    work_ = context_.stock.take();
  return *work_;
}

// What is in no use now goes back to the thread's stock. A service that reads a body needs its parser until the end.
void session::put_away() {
  if (!work_)
    return;
  if (stage_ == stage::head || stage_ == stage::body)
    context_.stock.thin(*work_);
  else if (work_->empty() && (stage_ != stage::serving || body_done_))
    context_.stock.put_back(std::move(work_));
}

// For somebody who has to do something first, or for nobody any more.
void session::count_held() {
  if (!work_)
    return held_.hold(0);
  const auto& w = *work_;
  held_.hold(w.out.held() + w.in.capacity() + w.body.capacity() + w.kept_head.capacity());
}

void session::on_events(std::uint32_t events) noexcept {
  try {
    on_edge(events);
  } catch (const std::exception& e) { // out of memory: this connection ends, and no other
    spdlog::error("closing a client's connection: {}", e.what());
    close();
  }
}

void session::on_edge(std::uint32_t events) {
  const bool room = socket_.note(events);
  // While a service has the turn nobody reads, and so nobody else would notice that the client is gone for good. A mere
  // end of what it sends is no sign of that.
  if (stage_ == stage::serving && socket_.is_gone())
    return close();
  if (room) {
    writer_.notify(context_.ex);
    // When the outbox is empty, whoever emptied it has gone on already.
    if (std::exchange(waiting_for_room_, false) && owes_answers())
      advance();
  }
  if (!socket_.readable())
    return;
  reader_.notify(context_.ex);
  if (wants_more_)
    take_in();
}

void session::take_in() {
  wants_more_ = false;
  if (stage_ == stage::lingering)
    return linger();
  const auto n = receive(read_least);
  if (!n && n.error() == asio::error::would_block)
    return wait_for_more();
  if (!n || *n == 0)
    return close(); // the client is gone
  if (stage_ == stage::body)
    enter(stage::body); // the pause is over
  advance();
}

// Reads once, behind what is there, into at least so much room.
std::expected<std::size_t, error_code> session::receive(std::size_t least) {
  auto& in = work().in;
  const auto space = in.prepare(least);
  const auto n = socket_.read({space.data, space.size});
  in.commit(n.value_or(0));
  context_.stats.bytes_in.add(n.value_or(0));
  return n;
}

void session::wait_for_more() {
  wants_more_ = true;
  if (socket_.readable())
    context_.reactor.again(*this);
  put_away();
  count_held();
}

// Takes requests from what has been read until it needs more bytes, a service keeps the turn, or the client has to
// take answers first; then writes everything there is to write.
void session::advance() {
  if (advancing_)
    return;
  for (bool more = true; more;) {
    advancing_ = true;
    unsigned burst = 0;
    while (more && !last_ && burst < burst_most) {
      more = stage_ == stage::body      ? (work_->parser.head().chunked ? take_chunks() : take_body())
             : stage_ == stage::serving ? false
                                        : take_head();
      ++burst;
    }
    advancing_ = false;
    if (!flush())
      return;
    if (last_)
      return finish();
  }
  if (stage_ == stage::serving)
    return socket_.is_gone() ? close() : put_away();
  if (stage_ != stage::idle)
    socket_.acknowledge_quickly();
  wait_for_more();
}

} // namespace rollcall::net
