#include "rollcall/upstream/stream.hpp"

#include "response.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rollcall::upstream {

using net::error_code;
using net::steady_clock;

stream::~stream() {
  if (!link_)
    return;
  const bool reusable = request_whole_ && answer_is_through() && parser_->keep_alive();
  pool_.give_back(std::move(link_), reusable);
}

// The deadline runs only while the instance is at turn. An answer is its turn once the request is whole: before that it
// may be waiting for the client.
void stream::wait_begins(bool& waiting, bool bounded) {
  waiting = true;
  if (bounded)
    link_->expires_at(steady_clock::now() + pause_);
}

void stream::wait_ended(bool& waiting) {
  waiting = false;
  if (!sending_ && !(receiving_ && request_whole_))
    link_->no_deadline();
}

void stream::request_is_whole() {
  request_whole_ = true;
  if (receiving_)
    wait_begins(receiving_, true);
}

bool stream::open_now() {
  link_ = pool_.take_idle();
  return link_ != nullptr;
}

net::task<std::expected<void, failure>> stream::open() {
  auto taken = co_await pool_.take();
  if (!taken)
    co_return std::unexpected(taken.error());
  link_ = std::move(*taken);
  co_return std::expected<void, failure>{};
}

std::expected<void, failure> stream::send_now(std::string_view& text) {
  error_code ec;
  while (!text.empty()) {
    const auto n = link_->socket.write_some(net::asio::buffer(text.data(), text.size()), ec);
    if (ec == net::asio::error::would_block)
      break;
    if (ec)
      return std::unexpected(failure_of(*link_, ec));
    text.remove_prefix(n);
  }
  return {};
}

net::task<std::expected<void, failure>> stream::send(std::string_view text) {
  wait_begins(sending_, true);
  const auto [ec, n] =
      co_await net::asio::async_write(link_->socket, net::asio::buffer(text.data(), text.size()), net::no_throw);
  wait_ended(sending_);
  if (ec)
    co_return std::unexpected(failure_of(*link_, ec));
  co_return std::expected<void, failure>{};
}

net::task<std::expected<void, failure>> stream::send_piece(std::string_view piece, bool chunked) {
  wait_begins(sending_, true);
  const auto head = chunked ? fmt::format("{:x}\r\n", piece.size()) : std::string();
  const std::array<net::asio::const_buffer, 3> buffers{net::asio::buffer(head),
                                                       net::asio::buffer(piece.data(), piece.size()),
                                                       net::asio::buffer("\r\n", chunked ? 2 : 0)};
  const auto [ec, n] = co_await net::asio::async_write(link_->socket, buffers, net::no_throw);
  wait_ended(sending_);
  if (ec)
    co_return std::unexpected(failure_of(*link_, ec));
  co_return std::expected<void, failure>{};
}

std::string_view stream::unread() const {
  const auto bytes = link_->buffer.cdata();
  return {static_cast<const char*>(bytes.data()), bytes.size()};
}

// Where the next bytes go: as many as there is room for, so that one read takes all that has come. Empty when what is
// there is neither a head's nor a chunk's.
net::asio::mutable_buffer stream::room() {
  auto& b = link_->buffer;
  const auto least = std::min<std::size_t>(4096, b.max_size() - b.size());
  return b.prepare(std::max(b.capacity() - b.size(), least));
}

std::expected<void, failure> stream::read(error_code ec, std::size_t n) {
  wait_ended(receiving_);
  link_->buffer.commit(n);
  if (ec && !(ec == net::asio::error::eof && parser_ && parser_->take_end()))
    return std::unexpected(failure_of(*link_, ec));
  return {};
}

std::expected<std::optional<stream_answer>, failure> stream::arrived_head(bool to_head) {
  for (;;) {
    if (!parser_)
      parser_.emplace(to_head);
    const auto head = parser_->take_head(unread());
    if (!head)
      return std::unexpected(head.error());
    if (*head == 0)
      return std::nullopt;
    link_->buffer.consume(*head);
    if (parser_->status() / 100 != 1)
      return stream_answer{parser_->status(), parser_->reason(), parser_->content_length(), !parser_->is_done(),
                           parser_->fields()};
    parser_.reset();
  }
}

net::task<std::expected<stream_answer, failure>> stream::receive_head(bool to_head) {
  for (;;) {
    const auto head = arrived_head(to_head);
    if (!head)
      co_return std::unexpected(head.error());
    if (*head)
      co_return **head;
    if (const auto come = co_await more(); !come)
      co_return std::unexpected(come.error());
  }
}

std::expected<std::string_view, failure> stream::arrived() {
  for (;;) {
    const auto step = parser_->take_body(unread());
    if (!step)
      return std::unexpected(step.error());
    link_->buffer.consume(step->consumed);
    if (!step->data.empty() || step->consumed == 0)
      return step->data;
  }
}

net::task<std::expected<void, failure>> stream::more() {
  const auto space = room();
  if (space.size() == 0) // a chunk's extension, or a trailer, without end
    co_return std::unexpected(failure::malformed);
  wait_begins(receiving_, request_whole_);
  const auto [ec, n] = co_await link_->socket.async_read_some(space, net::no_throw);
  co_return read(ec, n);
}

void stream::stop_sending() {
  if (!request_whole_)
    cancel();
}

void stream::cancel() {
  error_code ignored;
  if (link_)
    link_->socket.close(ignored);
}

} // namespace rollcall::upstream
