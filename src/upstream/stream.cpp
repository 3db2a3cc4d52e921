#include "rollcall/upstream/stream.hpp"

#include "response.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>

#include <tuple>

namespace rollcall::upstream {

namespace http = boost::beast::http;
using net::error_code;
using net::steady_clock;

stream::~stream() {
  if (!link_)
    return;
  const bool reusable = request_whole_ && parser_ && parser_->is_done() && parser_->keep_alive();
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

net::task<std::expected<void, failure>> stream::open() {
  auto taken = co_await pool_.take();
  if (!taken)
    co_return std::unexpected(taken.error());
  link_ = std::move(*taken);
  co_return std::expected<void, failure>{};
}

net::task<std::expected<void, failure>> stream::send(std::string text) {
  wait_begins(sending_, true);
  const auto [ec, n] = co_await net::asio::async_write(link_->socket, net::asio::buffer(text), net::no_throw);
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

net::task<std::expected<stream_answer, failure>> stream::receive_head(bool to_head) {
  wait_begins(receiving_, request_whole_);
  for (;;) {
    parser_.emplace();
    parser_->body_limit(boost::none);
    parser_->header_limit(response_head_most);
    parser_->skip(to_head);
    const auto [ec, n] = co_await http::async_read_header(link_->socket, link_->buffer, *parser_, net::no_throw);
    const auto& message = parser_->get();
    const bool sound = !ec && head_is_sound(message, parser_->chunked());
    if (sound && message.result_int() / 100 == 1)
      continue;
    wait_ended(receiving_);
    if (ec)
      co_return std::unexpected(failure_of(*link_, ec));
    if (!sound)
      co_return std::unexpected(failure::malformed);
    stream_answer a{message.result_int(), std::string(message.reason()), std::nullopt, !parser_->is_done(), &message};
    if (const auto length = parser_->content_length())
      a.content_length = *length;
    co_return a;
  }
}

net::task<std::expected<std::string_view, failure>> stream::receive() {
  auto& body = parser_->get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  wait_begins(receiving_, request_whole_);
  error_code ec;
  while (!ec && !parser_->is_done() && body.size == piece_.size())
    std::tie(ec, std::ignore) = co_await http::async_read_some(link_->socket, link_->buffer, *parser_, net::no_throw);
  wait_ended(receiving_);
  if (ec && ec != http::error::need_buffer)
    co_return std::unexpected(failure_of(*link_, ec));
  co_return std::string_view(piece_.data(), piece_.size() - body.size);
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
