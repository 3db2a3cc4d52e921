// How a session takes requests from what it has read, and hands them to the service.
#include "rollcall/net/session.hpp"

#include <cassert>
#include <utility>

namespace rollcall::net {

namespace {

// Whatever starts otherwise (TLS, a binary protocol) is not going to become HTTP with more bytes.
bool may_start_method(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

} // namespace

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

// Frees what was read to move while a body comes in: the head is parsed again, where it stays.
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
