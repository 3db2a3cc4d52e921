#include "rollcall/net/session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <cassert>
#include <exception>
#include <utility>

namespace rollcall::net {

namespace {

// Answers that are queued before they are written, at most: pipelined hits leave in one write.
constexpr unsigned burst_most = 64;
constexpr std::size_t read_least = 1024;

// The size of the head at the front of `bytes`, its empty line included; 0 when that has not come. A bare LF ends a
// line here, so that the parser gets to refuse it at once.
std::size_t head_end(std::string_view bytes) {
  for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    const auto next = bytes.substr(at + 1, 2);
    if (next.starts_with('\n'))
      return at + 2;
    if (next == "\r\n")
      return at + 3;
  }
  return 0;
}

// Whatever starts otherwise (TLS, a binary protocol) is not going to become HTTP with more bytes.
bool may_start_method(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

} // namespace

session::session(descriptor socket, session_context& context, connection_quota* quota)
    : context_(context), quota_(quota), socket_(std::move(socket)) {
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

void session::on_events(std::uint32_t events) noexcept {
  try {
    on_edge(events);
  } catch (const std::exception& e) { // out of memory: this connection ends, and no other
    spdlog::error("closing a client's connection: {}", e.what());
    close();
  }
}

void session::on_edge(std::uint32_t events) {
  socket_.note(events);
  // While a service has the turn nobody reads, and so nobody else would notice that the client is gone for good. A mere
  // end of what it sends is no sign of that.
  if (stage_ == stage::serving && socket_.is_gone())
    return close();
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
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
  auto& in = work().in;
  const auto space = in.prepare(read_least);
  const auto n = socket_.read({space.data, space.size});
  if (!n && n.error() == asio::error::would_block)
    return wait_for_more();
  if (!n || *n == 0)
    return close(); // the client is gone
  in.commit(*n);
  context_.stats.bytes_in.add(*n);
  if (stage_ == stage::body)
    enter(stage::body); // the pause is over
  advance();
}

void session::wait_for_more() {
  wants_more_ = true;
  if (socket_.readable())
    context_.reactor.again(*this);
  put_away();
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

bool session::take_head() {
  if (!work_)
    return false;
  auto& in = work_->in;
  if (stage_ == stage::idle) // empty lines before a request are to be ignored (RFC 9112 section 2.2)
    while (in.bytes().starts_with("\r\n"))
      in.consume(2);
  if (in.empty() || (stage_ == stage::idle && in.bytes() == "\r"))
    return false;
  if (stage_ == stage::idle)
    enter(stage::head);
  if (const auto plain = work_->parser.parse_plain_head(in.bytes()); plain > 0 && plain <= context_.limits.head)
    return accept_head(plain);
  if (!may_start_method(in.bytes().front()))
    return refuse(framing_error::malformed);
  const auto size = head_end(in.bytes());
  if (size > context_.limits.head || (size == 0 && in.size() >= context_.limits.head))
    return refuse(framing_error::head_too_large);
  if (size == 0)
    return false;
  const auto parsed = work_->parser.parse_head(in.bytes().substr(0, size));
  to_head_ = work_->parser.head().method == http::verb::head; // also of a head that is refused
  return parsed ? accept_head(size) : refuse(parsed.error());
}

bool session::accept_head(std::size_t size) {
  const auto& head = work_->parser.head();
  context_.stats.requests.add();
  head_size_ = size;
  to_head_ = head.method == http::verb::head;
  http10_ = head.version < 11;
  keep_alive_ = head.keep_alive;
  client_closes_ = !head.keep_alive;
  body_done_ = !head.has_body();
  body_left_ = head.content_length.value_or(0);
  plan_ = context_.handler.plan(head);
  if (!plan_.buffered) {
    invite_body();
    work_->in.consume(std::exchange(head_size_, 0)); // the bytes stay where they are until the next read
    return serve({});
  }
  if (head.content_length && *head.content_length > plan_.limit)
    return refuse(framing_error::body_too_large);
  enter(stage::body);
  return head.chunked ? take_chunks() : take_body();
}

// Expect: 100-continue. Several clients wait for it for ten seconds and longer.
void session::invite_body() {
  const auto& head = work_->parser.head();
  if (head.expects_continue && head.version >= 11 && head.has_body() && work_->in.size() == head_size_)
    work_->out.append("HTTP/1.1 100 Continue\r\n\r\n");
}

// Frees in_ to move while a body comes in: the head is parsed again, where it stays.
void session::keep_head() {
  if (head_size_ == 0)
    return;
  invite_body();
  work_->kept_head.assign(work_->in.bytes().substr(0, head_size_));
  [[maybe_unused]] const auto parsed = work_->parser.parse_head(work_->kept_head);
  assert(parsed);
  work_->in.consume(std::exchange(head_size_, 0));
}

bool session::take_body() {
  const auto size = static_cast<std::size_t>(body_left_);
  if (work_->in.size() < head_size_ + size) {
    keep_head();
    return false;
  }
  body_done_ = true;
  const auto whole = head_size_ + size;
  const bool more = serve(work_->in.bytes().substr(head_size_, size));
  work_->in.consume(whole);
  head_size_ = 0;
  return more;
}

bool session::take_chunks() {
  keep_head();
  for (;;) {
    const auto step = work_->parser.parse_chunked(work_->in.bytes(), plan_.limit - work_->body.size());
    if (!step)
      return refuse(step.error());
    work_->body.append(step->data);
    work_->in.consume(step->consumed);
    if (step->done)
      break;
    if (step->need_more)
      return work_->in.size() < context_.limits.head ? false : refuse(framing_error::bad_chunk);
  }
  body_done_ = true;
  const bool more = serve(work_->body.bytes());
  work_->body.clear();
  return more;
}

// True when the request has been answered and the next one may be taken.
bool session::serve(std::string_view body) {
  enter(stage::serving);
  answered_ = false;
  exchange x(*this);
  context_.handler.serve({work_->parser.head(), body}, x);
  if (answered_)
    end_request();
  return answered_;
}

void session::end_request() {
  if (work_)
    work_->in.consume(std::exchange(piece_size_, 0));
  reading_stopped_ = false;
  to_head_ = false;
  http10_ = false;
  last_ = !keep_alive_;
  enter(stage::idle);
}

bool session::refuse(framing_error e) {
  context_.stats.malformed.add();
  error_answer(status_of(e), to_string(e));
  return false;
}

} // namespace rollcall::net
