#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>
#include <sys/time.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace support {

/// What came back, as bytes: enough HTTP to read one answer of Rollcall's, and no more.
struct raw_answer {
  unsigned status = 0; // 0: the connection ended before a whole answer came
  std::string head;    // up to and including the empty line
  std::string body;    // de-chunked

  /// The value of a field, or "".
  [[nodiscard]] std::string field(std::string_view name) const {
    std::size_t at = 0;
    while ((at = head.find("\r\n", at)) != std::string::npos) {
      at += 2;
      if (head.size() - at > name.size() && head[at + name.size()] == ':' &&
          ::strncasecmp(head.data() + at, name.data(), name.size()) == 0) {
        const auto from = head.find_first_not_of(' ', at + name.size() + 1);
        return head.substr(from, head.find("\r\n", from) - from);
      }
    }
    return {};
  }
};

/// A blocking client that sends exactly the bytes it is given. Every wait ends after `limit`.
class raw_client {
public:
  explicit raw_client(std::uint16_t port, std::chrono::seconds limit = std::chrono::seconds(10)) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    const timeval t{.tv_sec = limit.count(), .tv_usec = 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
  }

  /// False when the peer no longer takes anything.
  bool send(std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto n = ::send(socket_.native_handle(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }
  void half_close() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }

  /// The next answer, interim ones (1xx) included.
  raw_answer receive(bool to_head = false) {
    raw_answer a;
    std::size_t end;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos)
      if (!fill())
        return a;
    a.head = take(end + 4);
    const auto length = a.field("Content-Length");
    const auto status = static_cast<unsigned>(std::stoul(a.head.substr(9, 3)));
    bool whole = true;
    if (to_head || status / 100 == 1 || status == 204 || status == 304)
      ;
    else if (!length.empty())
      whole = take_body(std::stoul(length), a.body);
    else if (a.field("Transfer-Encoding") == "chunked")
      whole = take_chunks(a.body);
    else
      a.body = rest();
    if (whole)
      a.status = status;
    return a;
  }

  raw_answer ask(std::string_view request) {
    send(request);
    return receive();
  }

  /// Everything until the peer closes.
  std::string rest() {
    while (fill())
      ;
    return std::exchange(in_, {});
  }
  /// True when the peer closes without another byte.
  bool is_closed() { return in_.empty() && !fill() && ended_; }

  boost::asio::ip::tcp::socket& socket() { return socket_; }

private:
  bool fill() {
    char buffer[16384];
    const auto n = ::recv(socket_.native_handle(), buffer, sizeof buffer, 0);
    if (n <= 0) {
      ended_ = n == 0 || errno == ECONNRESET;
      return false;
    }
    in_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  std::string take(std::size_t n) {
    auto front = in_.substr(0, n);
    in_.erase(0, n);
    return front;
  }
  bool take_body(std::size_t n, std::string& body) {
    while (in_.size() < n)
      if (!fill())
        return false;
    body += take(n);
    return true;
  }
  bool take_chunks(std::string& body) {
    for (;;) {
      std::size_t eol;
      while ((eol = in_.find("\r\n")) == std::string::npos)
        if (!fill())
          return false;
      std::size_t size = 0;
      const auto line = take(eol + 2);
      std::from_chars(line.data(), line.data() + eol, size, 16);
      std::string ignored;
      if (!take_body(size, body) || !take_body(2, ignored))
        return false;
      if (size == 0)
        return true;
    }
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
  std::string in_;
  bool ended_ = false;
};

/// The documented request, as a bot would send it.
inline std::string members_request(std::string_view body, std::string_view more_fields = {}) {
  std::string text = "POST /getChatRoomMember HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  text.append(more_fields).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return text.append(body);
}

} // namespace support
