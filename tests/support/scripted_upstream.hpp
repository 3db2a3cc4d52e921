#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// A blocking HTTP peer for tests of whoever talks to an upstream: each connection plays a script, a plain function, in
/// a thread of its own. Scripts must not use Boost.Test's assertions, which are for one thread: they keep what they
/// saw.
namespace support {

/// A request as it came.
struct received_request {
  std::string head; // up to and including the empty line
  std::string body; // de-chunked

  [[nodiscard]] std::string start_line() const { return head.substr(0, head.find("\r\n")); }
  [[nodiscard]] std::string method() const { return head.substr(0, head.find(' ')); }
  [[nodiscard]] std::string target() const {
    const auto from = head.find(' ') + 1;
    return head.substr(from, head.find(' ', from) - from);
  }
  /// The values of all fields of that name, in order.
  [[nodiscard]] std::vector<std::string> fields(std::string_view name) const {
    std::vector<std::string> found;
    for (auto at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
      const auto line = std::string_view(head).substr(at + 2, head.find("\r\n", at + 2) - at - 2);
      if (line.size() > name.size() && line[name.size()] == ':' &&
          ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
        const auto value = line.find_first_not_of(' ', name.size() + 1);
        found.emplace_back(value == std::string_view::npos ? std::string_view() : line.substr(value));
      }
    }
    return found;
  }
  /// The first of them, or "".
  [[nodiscard]] std::string field(std::string_view name) const {
    const auto all = fields(name);
    return all.empty() ? std::string() : all.front();
  }
};

/// The peer's side of one connection. All waits end after ten seconds, and at once when the test is over.
class upstream_connection {
public:
  upstream_connection(int fd, std::size_t number) : number_(number), fd_(fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  ~upstream_connection() { close(); }
  upstream_connection(const upstream_connection&) = delete;
  upstream_connection& operator=(const upstream_connection&) = delete;

  /// How many connections came before.
  [[nodiscard]] std::size_t number() const { return number_; }

  /// The next request, to its end. Nothing when the other side leaves before that.
  std::optional<received_request> read() {
    received_request r;
    r.head = read_head();
    const auto length = r.field("Content-Length");
    const bool whole = !r.head.empty() && (r.field("Transfer-Encoding") == "chunked" ? take_chunks(r.body)
                                           : length.empty()                          ? true
                                                            : take(std::stoul(length), r.body));
    if (!whole)
      return std::nullopt;
    const std::scoped_lock lock(mutex_);
    ++requests_;
    return r;
  }

  /// The next head alone, "" when there is none.
  std::string read_head() {
    std::size_t end;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos)
      if (!fill())
        return {};
    std::string head;
    take(end + 4, head);
    return head;
  }

  /// Some bytes, whatever they are; "" at the end.
  std::string read_some() {
    if (in_.empty())
      fill();
    return std::exchange(in_, {});
  }

  /// The next `n` bytes, and none beyond them: those stay unread. Fewer at the end.
  std::string read_exactly(std::size_t n) {
    std::string got;
    while (got.size() < n) {
      char buffer[4096];
      const auto k = ::recv(fd_, buffer, std::min(n - got.size(), sizeof buffer), 0);
      if (k <= 0)
        break;
      got.append(buffer, static_cast<std::size_t>(k));
    }
    const std::scoped_lock lock(mutex_);
    raw_ += got;
    return got;
  }

  /// Reads until the other side leaves, and throws it away.
  void ignore() {
    while (!read_some().empty())
      ;
  }

  /// False when the other side no longer takes anything.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Sends until the other side has taken nothing more for `pause`. How much it took.
  std::size_t send_until_stalled(std::string_view bytes, std::chrono::milliseconds pause) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (::poll(&writable, 1, static_cast<int>(pause.count())) <= 0)
        break;
      const auto n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0)
        break;
      sent += static_cast<std::size_t>(n);
    }
    return sent;
  }

  /// False when the test ended instead.
  bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [this] { return over_; });
  }

  /// Small kernel buffers, for tests that count what is on its way.
  void small_buffers() {
    const int bytes = 64 * 1024;
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }

  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    const std::scoped_lock lock(mutex_);
    if (const int fd = std::exchange(fd_, -1); fd >= 0)
      ::close(fd);
    changed_.notify_all();
  }
  /// Ends the connection with an RST.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

private:
  friend class scripted_upstream;

  /// Any thread: ends whatever the script waits for.
  void cut() {
    const std::scoped_lock lock(mutex_);
    over_ = true;
    if (fd_ >= 0)
      ::shutdown(fd_, SHUT_RDWR);
    changed_.notify_all();
  }

  bool fill() {
    char buffer[64 * 1024];
    const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0)
      return false;
    in_.append(buffer, static_cast<std::size_t>(n));
    const std::scoped_lock lock(mutex_);
    raw_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  bool take(std::size_t n, std::string& to) {
    while (in_.size() < n)
      if (!fill())
        return false;
    to.append(in_, 0, n);
    in_.erase(0, n);
    return true;
  }

  bool take_chunks(std::string& body) {
    for (;;) {
      std::size_t eol;
      while ((eol = in_.find("\r\n")) == std::string::npos)
        if (!fill())
          return false;
      std::string line;
      take(eol + 2, line);
      std::size_t size = 0;
      if (std::from_chars(line.data(), line.data() + eol, size, 16).ptr != line.data() + eol)
        throw std::runtime_error("a chunk's head is not a bare number: " + line);
      std::string end;
      if (!take(size, body) || !take(2, end))
        return false;
      if (end != "\r\n")
        throw std::runtime_error("a chunk does not end with CRLF");
      if (size == 0)
        return true;
    }
  }

  const std::size_t number_;
  int fd_; // changed under mutex_ only
  std::string in_;
  mutable std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  bool over_ = false;
  std::size_t requests_ = 0;
  std::string raw_;
};

/// Listens on 127.0.0.1 and plays `script` for each connection, which is closed when the script returns. The destructor
/// ends all of them. A script that throws shows in problems().
class scripted_upstream {
public:
  using script = std::function<void(upstream_connection&)>;

  explicit scripted_upstream(script play) : play_(std::move(play)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 512) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~scripted_upstream() {
    refuse();
    for (const auto& c : connections_)
      c->cut();
    for (auto& t : threads_)
      t.join();
  }
  scripted_upstream(const scripted_upstream&) = delete;
  scripted_upstream& operator=(const scripted_upstream&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url() const { return "http://" + authority(); }

  /// Stops listening, so that new connections are refused; those that are open go on.
  void refuse() {
    if (!acceptor_.joinable())
      return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
  }

  /// Connections accepted so far.
  [[nodiscard]] std::size_t connections() const {
    const std::scoped_lock lock(mutex_);
    return connections_.size();
  }
  /// Requests read to their end so far.
  [[nodiscard]] std::size_t requests() const {
    return sum([](const upstream_connection& c) { return c.requests_; });
  }
  /// Every byte read so far from connection `number`.
  [[nodiscard]] std::string raw(std::size_t number) const {
    const std::scoped_lock lock(mutex_);
    const auto& c = *connections_.at(number);
    const std::scoped_lock inner(c.mutex_);
    return c.raw_;
  }
  /// How often `text` was received, on any connection.
  [[nodiscard]] std::size_t received(std::string_view text) const {
    return sum([text](const upstream_connection& c) {
      std::size_t n = 0;
      for (auto at = c.raw_.find(text); at != std::string::npos; at = c.raw_.find(text, at + 1))
        ++n;
      return n;
    });
  }
  /// Connections that this side has closed.
  [[nodiscard]] std::size_t closed() const {
    return sum([](const upstream_connection& c) { return c.fd_ < 0 ? 1U : 0U; });
  }
  [[nodiscard]] std::string problems() const {
    const std::scoped_lock lock(mutex_);
    return problems_;
  }

private:
  template <class F>
  std::size_t sum(F of) const {
    const std::scoped_lock lock(mutex_);
    std::size_t n = 0;
    for (const auto& c : connections_) {
      const std::scoped_lock inner(c->mutex_);
      n += of(*c);
    }
    return n;
  }

  void accept() {
    for (int fd; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      const std::scoped_lock lock(mutex_);
      auto& c = *connections_.emplace_back(std::make_unique<upstream_connection>(fd, connections_.size()));
      threads_.emplace_back([this, &c] { run(c); });
    }
  }

  void run(upstream_connection& c) {
    try {
      play_(c);
    } catch (const std::exception& e) {
      const std::scoped_lock lock(mutex_);
      problems_ += std::string(e.what()) + "\n";
    }
    c.close();
  }

  script play_;
  int listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_; // guards what follows, the acceptor's thread writing
  std::vector<std::unique_ptr<upstream_connection>> connections_;
  std::vector<std::thread> threads_;
  std::string problems_;
  std::thread acceptor_;
};

/// A whole answer with a Content-Length. `fields` are complete lines.
inline std::string http_answer(unsigned status, std::string_view body, std::string_view fields = {}) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Some Reason\r\n";
  text.append(fields).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return text.append(body);
}

/// `body` in chunks of `size` bytes, up to and including the last one.
inline std::string in_chunks(std::string_view body, std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < body.size(); at += size) {
    const auto piece = body.substr(at, size);
    char digits[16];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, piece.size(), 16).ptr);
    text.append("\r\n").append(piece).append("\r\n");
  }
  return text.append("0\r\n\r\n");
}

/// The script of a well-behaved upstream: answers every request of every connection, until the other side leaves.
inline scripted_upstream::script answering(std::function<std::string(const received_request&)> answer) {
  return [answer = std::move(answer)](upstream_connection& c) {
    while (const auto r = c.read())
      if (!c.send(answer(*r)))
        return;
  };
}
inline scripted_upstream::script answering(std::string answer) {
  return answering([answer = std::move(answer)](const received_request&) { return answer; });
}

} // namespace support
