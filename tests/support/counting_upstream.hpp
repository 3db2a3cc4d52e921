#pragma once

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// A request as it arrived at the upstream.
struct seen_request {
  std::string line; // "POST /x HTTP/1.1"
  std::string head; // all of it, up to and including the empty line
  std::string body; // de-chunked

  [[nodiscard]] std::string target() const {
    const auto from = line.find(' ') + 1;
    return line.substr(from, line.find(' ', from) - from);
  }
};

/// A whole answer with a length.
inline std::string http_answer(std::string_view body, std::string_view status = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status,
                     body.size(), body);
}

/// A successful list with one member, whose name is the request's body: each room's answer differs.
inline std::string members_answer(const seen_request& r, std::string_view padding = {}) {
  std::string name;
  for (const char c : r.body)
    name += c == '"' || c == '\\' || c < ' ' ? '\'' : c;
  return http_answer(fmt::format(R"({{"message":"成功","code":"1000","data":[{{"userName":"{}","nickName":"🦑{}"}}]}})",
                                 name, padding));
}

/// A small HTTP server on a free loopback port that counts: a blocking thread for each connection, strict about what it
/// reads. What it was sent is recorded only when it is whole.
class counting_upstream {
public:
  /// Makes the answer, as bytes; may wait. Called on a connection's own thread. One without a whole head, such as an
  /// empty one, ends the connection.
  using script = std::function<std::string(const seen_request&)>;

  /// The members' route answers with a list, all others with the request's target and body.
  static std::string usual(const seen_request& r) {
    return r.target() == "/getChatRoomMember" ? members_answer(r) : http_answer(r.target() + "|" + r.body);
  }

  explicit counting_upstream(script answer = usual) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("the upstream cannot listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~counting_upstream() { stop(); }
  counting_upstream(const counting_upstream&) = delete;
  counting_upstream& operator=(const counting_upstream&) = delete;

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

  /// Whole requests so far.
  [[nodiscard]] std::size_t requests() const {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  /// Connections that ended within a request.
  [[nodiscard]] std::size_t cut_off() const {
    const std::lock_guard lock(mutex_);
    return cut_off_;
  }
  [[nodiscard]] std::vector<seen_request> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  [[nodiscard]] std::size_t seen(std::string_view target) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(seen_, [&](const auto& r) { return r.target() == target; }));
  }

  /// Waits until `condition(*this)` holds, looking after each event; false when it does not within ten seconds.
  template <class Condition>
  bool wait_until(Condition condition) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition(*this)) {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, std::chrono::milliseconds(5)) == std::cv_status::timeout &&
          std::chrono::steady_clock::now() > end)
        return false;
    }
    return true;
  }

  /// Ends every connection; from then on nothing is counted any more.
  void stop() {
    if (!acceptor_.joinable())
      return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (auto& c : connections_)
      ::shutdown(c.fd, SHUT_RDWR);
    for (auto& c : connections_) {
      c.thread.join();
      ::close(c.fd);
    }
    connections_.clear();
  }

private:
  struct connection {
    int fd = -1;
    std::string in;
    std::thread thread;
  };

  void accept() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0)
        return;
      auto& c = connections_.emplace_back();
      c.fd = fd;
      c.thread = std::thread([this, &c] { serve(c); });
    }
  }

  void serve(connection& c) {
    for (seen_request r; read(c, r); r = {}) {
      note([&] { seen_.push_back(r); });
      const auto answer = answer_(r);
      if (!send(c, answer) || answer.find("\r\n\r\n") == std::string::npos)
        break;
    }
    ::shutdown(c.fd, SHUT_RDWR);
  }

  template <class Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  bool read(connection& c, seen_request& r) {
    try {
      while (c.in.find("\r\n\r\n") == std::string::npos)
        if (!fill(c) && !c.in.empty())
          throw std::runtime_error("a head that is not whole");
        else if (c.in.empty())
          return false;
      r.head = take(c, c.in.find("\r\n\r\n") + 4);
      r.line = r.head.substr(0, r.head.find("\r\n"));
      read_body(c, r);
      return true;
    } catch (const std::exception&) {
      note([&] { ++cut_off_; });
      return false;
    }
  }

  static void read_body(connection& c, seen_request& r) {
    if (const auto length = r.head.find("\r\nContent-Length: "); length != std::string::npos) {
      r.body = take(c, std::stoul(r.head.substr(length + 18)));
      return;
    }
    if (r.head.find("\r\nTransfer-Encoding: chunked\r\n") == std::string::npos)
      return;
    for (;;) {
      std::size_t end;
      while ((end = c.in.find("\r\n")) == std::string::npos)
        if (!fill(c))
          throw std::runtime_error("a chunk that is not whole");
      const auto size = std::stoul(take(c, end + 2), nullptr, 16);
      r.body += take(c, size);
      if (take(c, 2) != "\r\n")
        throw std::runtime_error("a chunk that does not end");
      if (size == 0)
        return;
    }
  }

  static bool fill(connection& c) {
    char buffer[65536];
    const auto n = ::recv(c.fd, buffer, sizeof buffer, 0);
    if (n <= 0)
      return false;
    c.in.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  static std::string take(connection& c, std::size_t n) {
    while (c.in.size() < n)
      if (!fill(c))
        throw std::runtime_error("a body that is not whole");
    auto front = c.in.substr(0, n);
    c.in.erase(0, n);
    return front;
  }

  static bool send(connection& c, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(c.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  script answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::list<connection> connections_; // the acceptor's, until it has ended
  mutable std::mutex mutex_;          // guards what follows
  mutable std::condition_variable changed_;
  std::vector<seen_request> seen_;
  std::size_t cut_off_ = 0;
};

/// Holds back the answers of a script until it is opened.
class gate {
public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    opened_.wait_for(lock, std::chrono::seconds(10), [this] { return open_; });
  }

private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

} // namespace support
