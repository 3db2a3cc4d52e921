#include "rollcall/upstream/stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <array>
#include <utility>

namespace rollcall::upstream {

using net::steady_clock;

stream::~stream() {
  if (answer_.is_done())
    pool_.exchange_ended(status_);
  else if (failed_)
    pool_.exchange_ended(std::unexpected(*failed_));
  if (!link_)
    return;
  const bool reusable = request_whole_ && answer_.may_reuse();
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
    co_return failed(taken.error());
  link_ = std::move(*taken);
  co_return std::expected<void, failure>{};
}

std::expected<void, failure> stream::send_now(std::string_view& text) {
  while (!text.empty()) {
    const iovec rest{const_cast<char*>(text.data()), text.size()};
    const auto n = link_->write_now({&rest, 1});
    if (!n && n.error() == net::asio::error::would_block)
      break;
    if (!n)
      return failed(link_->why());
    text.remove_prefix(*n);
  }
  return {};
}

net::task<std::expected<void, failure>> stream::send_parts(std::span<iovec> parts) {
  wait_begins(sending_, true);
  const auto ec = co_await link_->write(parts);
  wait_ended(sending_);
  if (ec)
    co_return failed(link_->why());
  co_return std::expected<void, failure>{};
}

net::task<std::expected<void, failure>> stream::send(std::string_view text) {
  iovec whole{const_cast<char*>(text.data()), text.size()};
  co_return co_await send_parts({&whole, 1});
}

net::task<std::expected<void, failure>> stream::send_piece(std::string_view piece, bool chunked) {
  auto head = chunked ? fmt::format("{:x}\r\n", piece.size()) : std::string();
  std::array<char, 2> end{'\r', '\n'};
  std::array<iovec, 3> parts{{{head.data(), head.size()},
                              {const_cast<char*>(piece.data()), piece.size()},
                              {end.data(), chunked ? end.size() : 0}}};
  const auto sent = co_await send_parts(parts);
  // A client and an instance that are both fast would otherwise keep the thread to themselves.
  co_await net::asio::post(co_await net::asio::this_coro::executor, net::asio::use_awaitable_t<net::executor>{});
  co_return sent;
}

std::expected<std::optional<stream_answer>, failure> stream::arrived_head() {
  const auto head = answer_.head(*link_);
  if (!head)
    return failed(head.error());
  if (!*head)
    return std::nullopt;
  const auto& h = **head;
  status_ = h.status();
  return stream_answer{h.status(), h.reason(), h.content_length(), !h.is_done(), h.fields()};
}

net::task<std::expected<stream_answer, failure>> stream::receive_head() {
  for (;;) {
    const auto head = arrived_head();
    if (!head)
      co_return std::unexpected(head.error());
    if (*head)
      co_return **head;
    if (const auto come = co_await more(); !come)
      co_return std::unexpected(come.error());
  }
}

std::expected<std::string_view, failure> stream::arrived() {
  const auto piece = answer_.body(*link_);
  if (!piece)
    return failed(piece.error());
  return *piece;
}

net::task<std::expected<void, failure>> stream::more() {
  wait_begins(receiving_, request_whole_);
  std::expected<bool, failure> come = false;
  while (come && !*come) {
    co_await link_->readable();
    come = answer_.more(*link_);
  }
  wait_ended(receiving_);
  if (!come)
    co_return failed(come.error());
  co_return std::expected<void, failure>{};
}

void stream::when_more(std::move_only_function<void(std::expected<void, failure>)> then) {
  then_ = std::move(then);
  wait_begins(receiving_, request_whole_);
  link_->when_readable([this] { read_more(); });
}

void stream::read_more() {
  auto then = std::exchange(then_, nullptr); // what throws ends what it holds
  const auto come = answer_.more(*link_);
  if (come && !*come) {
    then_ = std::move(then);
    return link_->when_readable([this] { read_more(); });
  }
  wait_ended(receiving_);
  std::expected<void, failure> result;
  if (!come)
    result = failed(come.error());
  then(result);
}

void stream::stop_sending() {
  if (!request_whole_)
    cancel();
}

// What fails because the client gave up, or after that, says nothing of the instance.
std::unexpected<failure> stream::failed(failure why) {
  if (!cancelled_ && !failed_)
    failed_ = why;
  return std::unexpected(why);
}

void stream::cancel() {
  cancelled_ = true;
  if (link_)
    link_->close();
}

} // namespace rollcall::upstream
