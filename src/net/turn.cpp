// What a service does with its turn: answer late, read a body piece by piece, write an answer piece by piece.
#include "rollcall/net/session.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace rollcall::net {

namespace {

class digits {
public:
  digits(std::uint64_t n, int base)
      : size_(static_cast<std::size_t>(std::to_chars(text_.begin(), text_.end(), n, base).ptr - text_.begin())) {}
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

private:
  std::array<char, 20> text_;
  std::size_t size_;
};

} // namespace

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
  session_->reader_.notify(session_->context_.ex);
}

std::string_view turn::arrived_body() {
  return session_ ? session_->arrived_piece() : std::string_view();
}

void turn::begin(const stream_head& h) {
  if (session_)
    session_->queue_stream_head(h);
}

void turn::add(std::string_view piece) {
  if (session_ && !piece.empty())
    session_->queue_piece(piece);
}

task<bool> turn::flush() {
  co_return session_&& co_await session_->drain();
}

std::optional<bool> turn::flush_now() {
  return session_ ? session_->push_now() : false;
}

task<bool> turn::finish() {
  const auto s = std::move(session_);
  s->queue_end();
  const bool written = co_await s->drain();
  s->end_stream(written);
  co_return written;
}

bool turn::finish_now() {
  session_->queue_end();
  const auto written = session_->push_now();
  if (written)
    std::exchange(session_, nullptr)->end_stream(*written);
  return written.has_value();
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

void session::end_stream(bool written) {
  answered_ = true;
  until_close_ = false;
  if (written)
    turn_over();
}

void session::queue_stream_head(const stream_head& h) {
  const bool bodiless = !h.has_body || to_head_;
  chunking_ = !bodiless && !h.content_length && !http10_;
  until_close_ = !bodiless && !h.content_length && http10_;
  if (until_close_)
    keep_alive_ = false;
  const bool usual = h.status == 200 && h.reason == reason_phrase(200);
  append_head(h.status, usual ? std::string_view() : h.reason, h.fields);
  auto& out = work_->out;
  if (h.content_length) {
    out.append("Content-Length: ");
    out.append(digits(*h.content_length, 10).text());
    out.append("\r\n");
  } else if (chunking_) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  out.append("\r\n");
}

void session::queue_piece(std::string_view piece) {
  auto& out = work().out;
  if (chunking_) {
    out.append(digits(piece.size(), 16).text());
    out.append("\r\n");
  }
  if (piece.size() <= outbox::copied_most)
    out.append(piece);
  else
    out.append_shared(piece, nullptr);
  if (chunking_)
    out.append("\r\n");
}

void session::queue_end() {
  if (std::exchange(chunking_, false))
    work().out.append("0\r\n\r\n");
}

// Waits until everything queued has been taken by the kernel.
task<bool> session::drain() {
  const auto self = shared_from_this();
  for (;;) {
    if (const auto written = push_now())
      co_return *written;
    write_deadline_ = context_.now + context_.limits.write_timeout;
    count_held();
    co_await writer_.wait();
  }
}

// The piece at the front of in_, or whether the body is through: true when there is nothing to wait for.
std::expected<bool, framing_error> session::parse_piece(std::string_view& piece) {
  if (body_done_)
    return true;
  auto& in = work_->in;
  if (!work_->parser.head().chunked) {
    piece_size_ = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in.size()));
    piece = in.bytes().substr(0, piece_size_);
    body_left_ -= piece_size_;
    body_done_ = body_left_ == 0;
    return !piece.empty();
  }
  for (;;) {
    const auto step = work_->parser.parse_chunked(in.bytes(), std::numeric_limits<std::int64_t>::max());
    if (!step)
      return std::unexpected(step.error());
    body_done_ = step->done;
    if (!step->data.empty()) {
      piece = step->data;
      piece_size_ = step->consumed;
      return true;
    }
    in.consume(step->consumed);
    if (step->done)
      return true;
    if (step->need_more && in.size() >= context_.limits.head)
      return std::unexpected(framing_error::bad_chunk);
    if (step->need_more)
      return false;
  }
}

std::string_view session::arrived_piece() {
  std::string_view piece;
  if (!work_ || reading_stopped_ || work_->parser.head().chunked)
    return piece;
  work_->in.consume(std::exchange(piece_size_, 0));
  (void)parse_piece(piece); // only chunks can be malformed
  if (body_done_) // else advance() would find the buffer in use, and a thread would need one for each answer awaited
    work_->in.consume(std::exchange(piece_size_, 0));
  return piece;
}

task<std::expected<std::string_view, framing_error>> session::read_piece() {
  const auto self = shared_from_this();
  if (work_)
    work_->in.consume(std::exchange(piece_size_, 0));
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
    if (!co_await read_more()) {
      keep_alive_ = false;
      break;
    }
  }
  co_return std::unexpected(framing_error::malformed);
}

// False when nothing more will come.
task<bool> session::read_more() {
  deadline_ = context_.now + context_.limits.body_timeout;
  for (;;) {
    if (!socket_.readable()) {
      socket_.acknowledge_quickly();
      co_await reader_.wait();
    }
    if (reading_stopped_ || !socket_.is_open())
      break;
    const auto n = receive(buffer_stock::read_most);
    if (!n && n.error() == asio::error::would_block)
      continue;
    if (n.value_or(0) == 0)
      break;
    deadline_ = steady_clock::time_point::max();
    co_return true;
  }
  deadline_ = steady_clock::time_point::max();
  co_return false;
}

} // namespace rollcall::net
