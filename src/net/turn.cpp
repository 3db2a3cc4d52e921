// What a service does with its turn: answer late, read a body piece by piece, write an answer piece by piece.
#include "rollcall/net/session.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace rollcall::net {

void exchange::respond(const response& r) {
  session_.queue_answer(r);
}

turn exchange::take() {
  return turn(session_.shared_from_this());
}

turn::~turn() {
  if (session_)
    abort();
}

void turn::respond(const response& r) {
  const auto s = std::move(session_);
  s->queue_answer(r);
  s->turn_over();
}

task<std::expected<std::string_view, framing_error>> turn::read_body() {
  if (!session_)
    co_return std::unexpected(framing_error::malformed);
  co_return co_await session_->read_piece();
}

bool turn::body_is_through() const {
  return !session_ || session_->body_done_;
}

void turn::stop_reading() {
  if (!session_)
    return;
  session_->keep_alive_ = false;
  session_->reading_stopped_ = true;
  session_->stop_reading_.emit(asio::cancellation_type::all);
}

task<bool> turn::start(stream_head h) {
  if (!session_)
    co_return false;
  session_->queue_stream_head(h);
  co_return co_await session_->drain();
}

task<bool> turn::write(std::string_view piece) {
  if (!session_ || piece.empty())
    co_return session_ != nullptr;
  auto& out = session_->out_;
  if (session_->chunking_)
    out.append(fmt::format("{:x}\r\n", piece.size()));
  out.append_shared(piece, nullptr); // `piece` outlives the drain
  if (session_->chunking_)
    out.append("\r\n");
  co_return co_await session_->drain();
}

task<bool> turn::finish() {
  const auto s = std::move(session_);
  if (s->chunking_)
    s->out_.append("0\r\n\r\n");
  const bool written = co_await s->drain();
  s->answered_ = true;
  s->until_close_ = false;
  if (written)
    s->turn_over();
  co_return written;
}

void turn::abort() {
  const auto s = std::move(session_);
  s->context_.stats.aborted.add();
  s->close();
}

// The request of the moment has its answer. Within serve(), the loop that called it goes on; later, this does.
void session::turn_over() {
  if (advancing_)
    return;
  end_request();
  advance();
}

void session::queue_stream_head(const stream_head& h) {
  const auto& head = parser_->head();
  const bool bodiless = !h.has_body || head.method == http::verb::head;
  chunking_ = !bodiless && !h.content_length && head.version >= 11;
  until_close_ = !bodiless && !h.content_length && head.version < 11;
  if (until_close_)
    keep_alive_ = false;
  append_head(h.status, h.reason, h.fields);
  if (h.content_length)
    out_.append(fmt::format("Content-Length: {}\r\n", *h.content_length));
  else if (chunking_)
    out_.append("Transfer-Encoding: chunked\r\n");
  out_.append("\r\n");
}

// Waits until everything queued has been taken by the kernel.
task<bool> session::drain() {
  const auto self = shared_from_this();
  while (auto ec = push()) {
    if (ec == asio::error::would_block) {
      write_deadline_ = context_.now + context_.limits.write_timeout;
      std::tie(ec) = co_await socket_.async_wait(tcp_socket::wait_write, no_throw);
    }
    if (ec) {
      close();
      co_return false;
    }
  }
  write_deadline_ = steady_clock::time_point::max();
  co_return socket_.is_open();
}

// The piece at the front of in_, or whether the body is through: true when there is nothing to wait for.
std::expected<bool, framing_error> session::parse_piece(std::string_view& piece) {
  if (body_done_)
    return true;
  if (!parser_->head().chunked) {
    piece_size_ = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in_.size()));
    piece = in_.bytes().substr(0, piece_size_);
    body_left_ -= piece_size_;
    body_done_ = body_left_ == 0;
    return !piece.empty();
  }
  for (;;) {
    const auto step = parser_->parse_chunked(in_.bytes(), std::numeric_limits<std::int64_t>::max());
    if (!step)
      return std::unexpected(step.error());
    body_done_ = step->done;
    if (!step->data.empty()) {
      piece = step->data;
      piece_size_ = step->consumed;
      return true;
    }
    in_.consume(step->consumed);
    if (step->done)
      return true;
    if (step->need_more && in_.size() >= context_.limits.head)
      return std::unexpected(framing_error::bad_chunk);
    if (step->need_more)
      return false;
  }
}

task<std::expected<std::string_view, framing_error>> session::read_piece() {
  const auto self = shared_from_this();
  in_.consume(std::exchange(piece_size_, 0));
  while (!reading_stopped_) {
    std::string_view piece;
    const auto ready = parse_piece(piece);
    if (!ready) {
      keep_alive_ = false;
      context_.stats.malformed.add();
      co_return std::unexpected(ready.error());
    }
    if (*ready)
      co_return piece;
    acknowledge_quickly();
    const auto space = in_.prepare(16 * 1024);
    deadline_ = context_.now + context_.limits.body_timeout;
    const auto [ec, n] = co_await socket_.async_read_some(asio::buffer(space.data, space.size),
                                                          asio::bind_cancellation_slot(stop_reading_.slot(), no_throw));
    deadline_ = steady_clock::time_point::max();
    if (ec) {
      keep_alive_ = false;
      co_return std::unexpected(framing_error::malformed);
    }
    in_.commit(n);
    context_.stats.bytes_in.add(n);
  }
  co_return std::unexpected(framing_error::malformed);
}

} // namespace rollcall::net
