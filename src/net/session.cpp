#include "rollcall/net/session.hpp"

#include <boost/asio/error.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cassert>
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

session::session(tcp_socket socket, session_context& context, connection_quota* quota)
    : context_(context), quota_(quota), socket_(std::move(socket)) {
  context_.stats.open.add();
}

session::~session() {
  context_.stats.open.subtract();
  if (quota_)
    quota_->give_back();
}

void session::begin() {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  enter(stage::idle);
  read();
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
  if (stage_ == stage::idle && context_.draining && out_.empty()) {
    if (now - context_.drain_began >= context_.limits.drain_idle)
      close();
    return;
  }
  if (stage_ == stage::serving && is_reset())
    return close();
  // While it has answers to take, a client owes us nothing else; but a service may be reading its body all the same.
  const bool owes = stage_ == stage::serving || out_.empty();
  if (now < write_deadline_ && (!owes || now < deadline_))
    return;
  if (stage_ != stage::lingering && (stage_ != stage::idle || !out_.empty()))
    context_.stats.timeouts.add();
  if ((stage_ == stage::head || stage_ == stage::body) && out_.empty()) {
    // Best effort: the client has been silent, so nothing unread can turn the close into a reset.
    error_answer(408, "the request did not arrive in time");
    error_code ignored;
    socket_.write_some(out_.buffers(), ignored);
  }
  close();
}

// While a service has the turn nobody reads, and so nobody would notice that the client is gone for good. A mere end of
// what it sends is no sign of that.
bool session::is_reset() {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_state == TCP_CLOSE;
}

void session::close() {
  if (quota_)
    std::exchange(quota_, nullptr)->give_back(); // a turn may keep the session, but not its place
  error_code ignored;
  if (until_close_) // it is cut short: only a reset tells that from its end
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void session::read() {
  in_.shrink();
  const auto space = in_.prepare(read_least);
  socket_.async_read_some(asio::buffer(space.data, space.size),
                          [self = shared_from_this()](error_code ec, std::size_t n) { self->on_read(ec, n); });
}

void session::on_read(error_code ec, std::size_t n) {
  if (ec)
    return close(); // the client is gone, or we closed
  in_.commit(n);
  context_.stats.bytes_in.add(n);
  if (stage_ == stage::body)
    enter(stage::body); // the pause is over
  advance();
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
      more = stage_ == stage::body      ? (parser_->head().chunked ? take_chunks() : take_body())
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
    return;
  if (stage_ != stage::idle)
    acknowledge_quickly();
  read();
}

bool session::take_head() {
  if (stage_ == stage::idle) // empty lines before a request are to be ignored (RFC 9112 section 2.2)
    while (in_.bytes().starts_with("\r\n"))
      in_.consume(2);
  if (in_.empty() || (stage_ == stage::idle && in_.bytes() == "\r"))
    return false;
  if (stage_ == stage::idle)
    enter(stage::head);
  if (!may_start_method(in_.bytes().front()))
    return refuse(framing_error::malformed);
  const auto size = head_end(in_.bytes());
  if (size > context_.limits.head || (size == 0 && in_.size() >= context_.limits.head))
    return refuse(framing_error::head_too_large);
  return size > 0 && accept_head(size);
}

bool session::accept_head(std::size_t size) {
  parser_.emplace();
  if (const auto parsed = parser_->parse_head(in_.bytes().substr(0, size)); !parsed)
    return refuse(parsed.error());
  context_.stats.requests.add();
  const auto& head = parser_->head();
  head_size_ = size;
  keep_alive_ = head.keep_alive;
  client_closes_ = !head.keep_alive;
  body_done_ = !head.has_body();
  body_left_ = head.content_length.value_or(0);
  plan_ = context_.handler.plan(head);
  if (!plan_.buffered) {
    invite_body();
    in_.consume(std::exchange(head_size_, 0)); // the bytes stay where they are until the next read
    return serve({});
  }
  if (head.content_length && *head.content_length > plan_.limit)
    return refuse(framing_error::body_too_large);
  enter(stage::body);
  return head.chunked ? take_chunks() : take_body();
}

// Expect: 100-continue. Several clients wait for it for ten seconds and longer.
void session::invite_body() {
  const auto& head = parser_->head();
  if (head.expects_continue && head.version >= 11 && head.has_body() && in_.size() == head_size_)
    out_.append("HTTP/1.1 100 Continue\r\n\r\n");
}

// Frees in_ to move while a body comes in: the head is parsed again, where it stays.
void session::keep_head() {
  if (head_size_ == 0)
    return;
  invite_body();
  kept_head_.assign(in_.bytes().substr(0, head_size_));
  parser_.emplace();
  [[maybe_unused]] const auto parsed = parser_->parse_head(kept_head_);
  assert(parsed);
  in_.consume(std::exchange(head_size_, 0));
}

bool session::take_body() {
  const auto size = static_cast<std::size_t>(body_left_);
  if (in_.size() < head_size_ + size) {
    keep_head();
    return false;
  }
  body_done_ = true;
  const auto whole = head_size_ + size;
  const bool more = serve(in_.bytes().substr(head_size_, size));
  in_.consume(whole);
  head_size_ = 0;
  return more;
}

bool session::take_chunks() {
  keep_head();
  for (;;) {
    const auto step = parser_->parse_chunked(in_.bytes(), plan_.limit - body_.size());
    if (!step)
      return refuse(step.error());
    body_.append(step->data);
    in_.consume(step->consumed);
    if (step->done)
      break;
    if (step->need_more)
      return in_.size() < context_.limits.head ? false : refuse(framing_error::bad_chunk);
  }
  body_done_ = true;
  return serve(body_.bytes());
}

// True when the request has been answered and the next one may be taken.
bool session::serve(std::string_view body) {
  enter(stage::serving);
  answered_ = false;
  exchange x(*this);
  context_.handler.serve({parser_->head(), body}, x);
  if (answered_)
    end_request();
  return answered_;
}

void session::end_request() {
  in_.consume(std::exchange(piece_size_, 0));
  reading_stopped_ = false;
  parser_.reset();
  kept_head_.clear();
  body_.clear();
  body_.shrink();
  last_ = !keep_alive_;
  enter(stage::idle);
}

bool session::refuse(framing_error e) {
  context_.stats.malformed.add();
  error_answer(status_of(e), to_string(e));
  return false;
}

// A client that sends head and body in two segments with Nagle's algorithm on waits for our ACK of the head, which the
// kernel delays by 40 ms. The kernel forgets the option, so it is set each time.
void session::acknowledge_quickly() {
  const int on = 1;
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

} // namespace rollcall::net
