// How a session writes: answers queued by the requests, written in one gather write, and the end of a connection.
#include "rollcall/net/session.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <utility>

namespace rollcall::net {

void session::append_head(unsigned status, std::string_view reason, std::string_view fields) {
  if (status == 200 && reason.empty()) {
    out_.append("HTTP/1.1 200 OK\r\n");
  } else {
    out_.append(fmt::format("HTTP/1.1 {} {}\r\n", status, reason.empty() ? reason_phrase(status) : reason));
  }
  out_.append(fields);
  if (!body_done_ || context_.draining)
    keep_alive_ = false; // the rest of a body that nobody read cannot be told from a next request
  if (!keep_alive_)
    out_.append("Connection: close\r\n");
  else if (parser_ && parser_->head().version < 11)
    out_.append("Connection: keep-alive\r\n");
}

void session::queue_answer(const response& r) {
  append_head(r.status, {},
              context_.date.at(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())));
  out_.append(r.fields);
  auto rest = r.rest;
  if (parser_ && parser_->head().method == http::verb::head)
    rest = rest.substr(0, rest.find("\r\n\r\n") + 4);
  if (r.owner)
    out_.append_shared(rest, r.owner);
  else
    out_.append(rest);
  answered_ = true;
}

// An answer of the session's own, after which the connection closes.
void session::error_answer(unsigned status, std::string_view message) {
  const auto body = context_.handler.error_body(status, message);
  const auto rest =
      fmt::format("Content-Type: application/json;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
  keep_alive_ = false;
  queue_answer({.status = status, .fields = {}, .rest = rest, .owner = nullptr});
  last_ = true;
}

// Hands the kernel what it takes now. No error: that was all there is. would_block: the client has to take some first.
error_code session::push() {
  error_code ec;
  while (!out_.empty()) {
    const auto n = socket_.write_some(out_.buffers(), ec);
    if (ec)
      break;
    out_.consume(n);
    context_.stats.bytes_out.add(n);
  }
  return ec;
}

// Writes what there is. False when the connection is gone, or when the client has to take some of it first, after
// which advance() goes on.
bool session::flush() {
  if (const auto ec = push()) {
    if (ec == asio::error::would_block)
      wait_for_room();
    else
      close();
    return false;
  }
  if (std::exchange(write_deadline_, steady_clock::time_point::max()) != steady_clock::time_point::max() &&
      stage_ != stage::serving)
    enter(stage_); // what the client owes us next, it owes from now on
  return socket_.is_open();
}

// A turn may end, and so come here, while an earlier wait is under way: one is enough. When it ends and the outbox is
// empty, whoever emptied it has gone on already, and a second loop of advance() would read into the same buffer.
void session::wait_for_room() {
  write_deadline_ = context_.now + context_.limits.write_timeout;
  if (std::exchange(waiting_for_room_, true))
    return;
  socket_.async_wait(tcp_socket::wait_write, [self = shared_from_this()](error_code failed) {
    self->waiting_for_room_ = false;
    if (failed || self->out_.empty())
      return;
    self->advance();
  });
}

// Everything is written. Closing with unread bytes would reset the connection and could take our answer with it, so
// unless the client itself ended the conversation we read on for a bounded while (RFC 9112 section 9.6).
void session::finish() {
  if (client_closes_ && in_.empty() && body_done_)
    return close();
  error_code ec;
  socket_.shutdown(tcp_socket::shutdown_send, ec);
  if (ec)
    return close();
  enter(stage::lingering);
  on_linger({}, 0);
}

void session::on_linger(error_code ec, std::size_t n) {
  lingered_ += n;
  if (ec || lingered_ > context_.limits.drain_bytes)
    return close();
  in_.clear();
  const auto space = in_.prepare(4096);
  socket_.async_read_some(asio::buffer(space.data, space.size),
                          [self = shared_from_this()](error_code e, std::size_t m) { self->on_linger(e, m); });
}

void session::refuse() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  error_answer(503, "too many connections, try again later");
  flush();
  // What has already arrived is read, so that the close is not a reset in the common case.
  const auto space = in_.prepare(context_.limits.head);
  socket_.read_some(asio::buffer(space.data, space.size), ignored);
  close();
}

} // namespace rollcall::net
