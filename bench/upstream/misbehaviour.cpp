#include "upstream/misbehaviour.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace rollcall::standin {
namespace {

namespace asio = boost::asio;

/// Until the client leaves. What else it says is of no interest.
net::task<> hang(net::tcp_socket& socket) {
  std::array<char, 4096> rest;
  for (;;) {
    const auto [error, got] = co_await socket.async_read_some(asio::buffer(rest), net::no_throw);
    if (error) {
      co_return;
    }
  }
}

net::task<> write(net::tcp_socket& socket, std::string text) {
  co_await asio::async_write(socket, asio::buffer(text), net::no_throw);
}

/// The head promises all of the body, and half of it follows.
std::string half_of(const answer& reply) {
  const std::string_view body = *reply.body;
  return fmt::format("HTTP/1.1 {} OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", reply.status,
                     reply.content_type, body.size(), body.substr(0, body.size() / 2));
}

} // namespace

net::task<> misbehave(net::tcp_socket& socket, const answer& reply) {
  switch (reply.how) {
  case manner::proper:
  case manner::close:
    break;
  case manner::hang:
    co_await hang(socket);
    break;
  case manner::cut:
    co_await write(socket, half_of(reply));
    break;
  case manner::noise:
    co_await write(socket, "SSH-2.0-OpenSSH_9.2\r\n\x01\x02\xff\xfe not what you asked for\r\n\r\n");
    break;
  }
}

} // namespace rollcall::standin
