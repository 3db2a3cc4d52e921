#include "upstream/session.hpp"

#include "upstream/misbehaviour.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rollcall::standin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using parser = http::request_parser<http::string_body>;

constexpr std::uint64_t largest_body = std::uint64_t{64} << 20;
constexpr std::uint32_t largest_head = 32 << 10;
constexpr std::size_t read_size = 16 << 10;
constexpr std::chrono::seconds longest_goodbye(1);

/// What a response takes over from its request.
struct framing {
  unsigned version = 11;
  bool keep_alive = false;
  bool head = false;
};

framing framing_of(const request& asked) {
  return {asked.version(), asked.keep_alive(), asked.method() == http::verb::head};
}

bool has_no_body(unsigned status) {
  return status == 204 || status == 304;
}

template <class Body>
http::response<Body> head_for(const answer& reply, const framing& like) {
  http::response<Body> response;
  response.result(reply.status);
  response.version(like.version);
  response.keep_alive(like.keep_alive);
  if (!reply.content_type.empty() && !has_no_body(reply.status)) {
    response.set(http::field::content_type, reply.content_type);
  }
  return response;
}

net::task<bool> send_plain(net::tcp_socket& socket, const answer& reply, framing like) {
  if (like.head || has_no_body(reply.status)) {
    auto response = head_for<http::empty_body>(reply, like);
    if (!has_no_body(reply.status)) {
      response.content_length(reply.body->size());
    }
    const auto [error, sent] = co_await http::async_write(socket, response, net::no_throw);
    co_return !error && like.keep_alive;
  }
  auto response = head_for<http::span_body<const char>>(reply, like);
  response.body() = {reply.body->data(), reply.body->size()};
  response.content_length(reply.body->size());
  const auto [error, sent] = co_await http::async_write(socket, response, net::no_throw);
  co_return !error && like.keep_alive;
}

net::task<bool> send_slowly(net::tcp_socket& socket, const answer& reply, framing like) {
  const auto plan = *reply.stream;
  const bool chunked = like.version >= 11;
  like.keep_alive = like.keep_alive && chunked; // HTTP/1.0 knows no other end of such a body than the connection's
  auto response = head_for<http::empty_body>(reply, like);
  response.chunked(chunked);
  http::response_serializer<http::empty_body> head(response);
  if (const auto [error, sent] = co_await http::async_write_header(socket, head, net::no_throw); error) {
    co_return false;
  }
  if (like.head) {
    co_return like.keep_alive;
  }
  std::string pattern;
  while (pattern.size() < plan.chunk + 16) {
    pattern += "0123456789abcdef";
  }
  net::timer pause(socket.get_executor());
  for (std::uint64_t done = 0; done < plan.bytes;) {
    if (done != 0 && plan.delay.count() != 0) {
      pause.expires_after(plan.delay);
      co_await pause.async_wait(net::no_throw);
    }
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(plan.chunk, plan.bytes - done));
    const asio::const_buffer piece(pattern.data() + done % 16, length);
    const auto [error, sent] = chunked ? co_await asio::async_write(socket, http::make_chunk(piece), net::no_throw)
                                       : co_await asio::async_write(socket, piece, net::no_throw);
    if (error) {
      co_return false;
    }
    done += length;
  }
  if (chunked) {
    const auto [error, sent] = co_await asio::async_write(socket, http::make_chunk_last(), net::no_throw);
    co_return !error && like.keep_alive;
  }
  co_return false;
}

/// Closing with unread bytes makes the kernel send a reset, which may overtake the answer: read the rest for a while.
net::task<> say_goodbye(net::tcp_socket& socket) {
  net::error_code ignored;
  socket.shutdown(net::tcp::socket::shutdown_send, ignored);
  net::timer limit(socket.get_executor(), longest_goodbye);
  std::array<char, 4096> rest;
  for (;;) {
    const auto [order, read_error, got, wait_error] =
        co_await asio::experimental::make_parallel_group(socket.async_read_some(asio::buffer(rest), asio::deferred),
                                                         limit.async_wait(asio::deferred))
            .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable_t<net::executor>{});
    if (order[0] != 0 || read_error) {
      co_return;
    }
  }
}

/// The answer to what could not be read, or nothing where nobody waits for one.
std::optional<answer> refusal(const net::error_code& error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::end_of_stream).category()) {
    return std::nullopt;
  }
  const unsigned status = error == http::error::body_limit ? 413 : error == http::error::header_limit ? 431 : 400;
  return plain_answer(status, "text/plain;charset=utf-8", error.message() + "\n");
}

bool expects_permission(const parser& incoming) {
  const auto& head = incoming.get();
  return head.version() >= 11 && !incoming.is_done() && beast::iequals(head[http::field::expect], "100-continue");
}

/// Reads head and body, with a word of permission in between where the client waits for it.
net::task<net::error_code> read_request(net::tcp_socket& socket, beast::flat_buffer& buffer, parser& incoming) {
  const auto [head_error, head_size] = co_await http::async_read_header(socket, buffer, incoming, net::no_throw);
  if (head_error || incoming.is_done()) {
    co_return head_error;
  }
  if (expects_permission(incoming)) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, sent] = co_await asio::async_write(socket, asio::buffer(go_on), net::no_throw);
    if (error) {
      co_return error;
    }
  }
  const auto [body_error, body_size] = co_await http::async_read(socket, buffer, incoming, net::no_throw);
  co_return body_error;
}

net::task<bool> respond(net::tcp_socket& socket, request asked, platform& instance) {
  const auto like = framing_of(asked);
  if (like.version >= 11 && asked.count(http::field::host) != 1) {
    co_await send_plain(socket, plain_answer(400, "text/plain;charset=utf-8", "one Host field, please\n"), {});
    co_return false;
  }
  if (asked.method() == http::verb::connect) {
    co_await send_plain(socket, plain_answer(405, "text/plain;charset=utf-8", "no tunnels here\n"), {});
    co_return false;
  }
  const auto reply = instance.respond(std::move(asked));
  if (reply.delay.count() > 0) {
    net::timer latency(socket.get_executor(), reply.delay);
    co_await latency.async_wait(net::no_throw);
  }
  if (reply.how != manner::proper) {
    co_await misbehave(socket, reply);
    co_return false;
  }
  co_return reply.stream ? co_await send_slowly(socket, reply, like) : co_await send_plain(socket, reply, like);
}

class connection_count {
public:
  explicit connection_count(counters& counts) : counts_(counts) { counts_.connection_opened(); }
  connection_count(const connection_count&) = delete;
  connection_count& operator=(const connection_count&) = delete;
  ~connection_count() { counts_.connection_closed(); }

private:
  counters& counts_;
};

} // namespace

net::task<> serve(net::tcp_socket socket, platform& instance) {
  const connection_count counted(instance.counts());
  net::error_code ignored;
  socket.set_option(net::tcp::no_delay(true), ignored);
  beast::flat_buffer buffer(2 * largest_head);
  buffer.reserve(read_size);
  for (bool open = true; open;) {
    parser incoming;
    incoming.header_limit(largest_head);
    incoming.body_limit(largest_body);
    if (const auto error = co_await read_request(socket, buffer, incoming); error) {
      if (const auto reply = refusal(error)) {
        co_await send_plain(socket, *reply, {});
        co_await say_goodbye(socket);
      }
      co_return;
    }
    open = co_await respond(socket, incoming.release(), instance);
  }
  co_await say_goodbye(socket);
}

} // namespace rollcall::standin
