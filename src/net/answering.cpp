// How a session writes: answers queued by the requests, written in one gather write, and the end of a connection.
#include "rollcall/net/session.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <ctime>
#include <utility>

namespace rollcall::net {

namespace {

// The clock of the last tick, a few milliseconds ago at most, at a fifth of the price.
std::chrono::sys_seconds this_second() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return std::chrono::sys_seconds(std::chrono::seconds(now.tv_sec));
}

} // namespace

void session::append_head(unsigned status, std::string_view reason, std::string_view fields) {
  auto& out = work().out;
  if (status == 200 && reason.empty()) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append(fmt::format("HTTP/1.1 {} {}\r\n", status, reason.empty() ? reason_phrase(status) : reason));
  }
  out.append(fields);
  if (!body_done_ || context_.draining)
    keep_alive_ = false; // the rest of a body that nobody read cannot be told from a next request
  if (!keep_alive_)
    out.append("Connection: close\r\n");
  else if (http10_)
    out.append("Connection: keep-alive\r\n");
}

void session::queue_answer(const response& r) {
  append_head(r.status, {}, context_.date.at(this_second()));
  auto& out = work_->out;
  out.append(r.fields);
  auto rest = r.rest;
  if (to_head_)
    rest = rest.substr(0, rest.find("\r\n\r\n") + 4);
  if (r.file >= 0 && !to_head_)
    out.append_file({r.file, r.offset, rest}, r.owner);
  else if (r.owner)
    out.append_shared(rest, r.owner);
  else
    out.append(rest);
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
  while (owes_answers()) {
    auto& out = work_->out;
    const auto file = out.file();
    const auto n = file ? socket_.write(*file) : socket_.write(out.buffers(), out.file_follows());
    if (!n)
      return n.error();
    out.consume(*n);
    context_.stats.bytes_out.add(*n);
  }
  return {};
}

// Whether everything queued has been taken by the kernel; nullopt when the client has to take some first.
std::optional<bool> session::push_now() {
  const auto ec = push();
  if (ec == asio::error::would_block)
    return std::nullopt;
  if (ec)
    close();
  held_.hold(0);
  write_deadline_ = steady_clock::time_point::max();
  return !ec && socket_.is_open();
}

// Writes what there is. False when the connection is gone, or when the client has to take some of it first, after
// which advance() goes on.
bool session::flush() {
  const bool waited = write_deadline_ != steady_clock::time_point::max();
  const auto written = push_now();
  if (!written) {
    write_deadline_ = context_.now + context_.limits.write_timeout;
    waiting_for_room_ = true;
    count_held();
    return false;
  }
  if (waited && *written && stage_ != stage::serving)
    enter(stage_); // what the client owes us next, it owes from now on
  return *written;
}

// Everything is written. Closing with unread bytes would reset the connection and could take our answer with it, so
// unless the client itself ended the conversation we read on for a bounded while (RFC 9112 section 9.6).
void session::finish() {
  if (client_closes_ && (!work_ || work_->in.empty()) && body_done_)
    return close();
  if (!socket_.shutdown_send())
    return close();
  enter(stage::lingering);
  linger();
}

void session::linger() {
  auto& in = work().in;
  for (;;) {
    in.clear();
    const auto space = in.prepare(buffer_stock::read_most);
    const auto n = socket_.read({space.data, space.size});
    if (!n && n.error() == asio::error::would_block)
      break;
    lingered_ += n.value_or(0);
    if (n.value_or(0) == 0 || lingered_ > context_.limits.drain_bytes)
      return close();
  }
  wait_for_more();
}

void session::refuse() {
  error_answer(503, "too many connections, try again later");
  (void)push();
  // What has already arrived is read, so that the close is not a reset in the common case.
  const auto space = work_->in.prepare(context_.limits.head);
  (void)socket_.read({space.data, space.size});
  close();
}

} // namespace rollcall::net
