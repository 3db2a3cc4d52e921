#pragma once

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace support {

struct redis_server_options {
  /// Listen on 127.0.0.1, on a free port, besides the UNIX socket.
  bool tcp = false;
  /// Required of clients when not empty.
  std::string password;
  /// Further arguments of redis-server.
  std::vector<std::string> arguments;
  /// False: start() is called later.
  bool start = true;
};

/// A real redis-server of its own, on a UNIX socket in a temporary directory, gone with the object. It forgets its data
/// when it stops. All functions return when they have taken effect and throw when they do not within ten seconds.
class redis_server {
public:
  explicit redis_server(redis_server_options options = {}) : options_(std::move(options)) {
    auto name = (std::filesystem::temp_directory_path() / "rollcall-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("no temporary directory for redis-server");
    }
    directory_ = name;
    if (options_.start) {
      try {
        start();
      } catch (...) {
        clean();
        throw;
      }
    }
  }
  ~redis_server() { clean(); }
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  [[nodiscard]] std::string socket() const { return directory_ / "r.sock"; }
  /// 0 before the first start, and without TCP.
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// As the gateway takes it, with the password, for the UNIX socket or for TCP.
  [[nodiscard]] std::string url(bool tcp = false) const {
    const auto login = options_.password.empty() ? std::string() : fmt::format(":{}@", options_.password);
    return tcp ? fmt::format("redis://{}127.0.0.1:{}", login, port_) : fmt::format("unix://{}{}", login, socket());
  }

  /// Starts it; on the same port as before, if it has been running.
  void start() {
    for (int attempt = 0; attempt < 5; ++attempt) { // somebody else may take the free port first
      if (options_.tcp && !port_kept_) {
        port_ = free_port();
      }
      spawn();
      if (wait_until_it_answers()) {
        port_kept_ = true;
        return;
      }
    }
    throw std::runtime_error("redis-server does not start; is it installed?");
  }

  /// In an orderly way.
  void stop() { end(SIGTERM); }
  /// As a crash would.
  void kill() { end(SIGKILL); }
  void restart() {
    stop();
    start();
  }

  /// It keeps its sockets and does nothing any more.
  void freeze() {
    ::kill(pid_, SIGSTOP);
    siginfo_t info;
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED) != 0) {
      throw std::runtime_error("redis-server does not freeze");
    }
  }
  void thaw() { ::kill(pid_, SIGCONT); }

  /// What another client would do: the reply of a command as text; integers in digits, `(nil)`, elements of arrays
  /// joined by a space, errors as Redis words them.
  std::string command(std::initializer_list<std::string_view> args) {
    auto link = connect();
    if (!link) {
      throw std::runtime_error("redis-server cannot be reached");
    }
    return ask(*link, args);
  }

  /// On 127.0.0.1; nobody's at this moment. Below the ports that Linux gives to clients (from 32768 on, unless it is
  /// told otherwise): one of these would be taken by the next connection that anybody makes, now and then.
  static std::uint16_t free_port() {
    std::random_device any;
    for (int i = 0; i < 1000; ++i) {
      const auto port = static_cast<std::uint16_t>(15'000 + any() % 17'000);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(port);
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      close(fd);
      if (free) {
        return port;
      }
    }
    throw std::runtime_error("no free port");
  }

private:
  using link_type = std::unique_ptr<redisContext, decltype(&redisFree)>;

  link_type connect() const {
    link_type link(redisConnectUnixWithTimeout(socket().c_str(), {10, 0}), redisFree);
    if (!link || link->err != 0) {
      return {nullptr, redisFree};
    }
    redisSetTimeout(link.get(), {10, 0});
    if (!options_.password.empty()) {
      ask(*link, {"AUTH", options_.password});
    }
    return link;
  }

  static std::string ask(redisContext& link, std::initializer_list<std::string_view> args) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (auto a : args) {
      texts.push_back(a.data());
      sizes.push_back(a.size());
    }
    auto* raw = redisCommandArgv(&link, static_cast<int>(args.size()), texts.data(), sizes.data());
    std::unique_ptr<void, decltype(&freeReplyObject)> owned(raw, freeReplyObject);
    return raw == nullptr ? std::string("(no reply)") : show(*static_cast<redisReply*>(raw));
  }

  static std::string show(const redisReply& r) {
    switch (r.type) {
    case REDIS_REPLY_INTEGER:
      return std::to_string(r.integer);
    case REDIS_REPLY_NIL:
      return "(nil)";
    case REDIS_REPLY_ARRAY: {
      std::string all;
      for (std::size_t i = 0; i < r.elements; ++i) {
        all += (i == 0 ? "" : " ") + show(*r.element[i]);
      }
      return all;
    }
    default:
      return {r.str, r.len};
    }
  }

  void spawn() {
    std::vector<std::string> args{"redis-server",
                                  "--port",
                                  std::to_string(port_),
                                  "--bind",
                                  "127.0.0.1",
                                  "--unixsocket",
                                  socket(),
                                  "--dir",
                                  directory_,
                                  "--logfile",
                                  directory_ / "redis.log",
                                  "--save",
                                  "",
                                  "--appendonly",
                                  "no",
                                  "--daemonize",
                                  "no"};
    if (!options_.password.empty()) {
      args.insert(args.end(), {"--requirepass", options_.password});
    }
    args.insert(args.end(), options_.arguments.begin(), options_.arguments.end());
    std::vector<char*> argv;
    for (auto& a : args) {
      argv.push_back(a.data());
    }
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that crashes leaves nothing behind
      execvp(argv[0], argv.data());
      _exit(127);
    }
    if (pid_ < 0) {
      throw std::runtime_error("cannot fork");
    }
  }

  /// False when it has exited instead.
  bool wait_until_it_answers() {
    for (int i = 0; i < 5000; ++i) {
      if (auto link = connect(); link && ask(*link, {"PING"}) == "PONG") {
        return true;
      }
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = 0;
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    throw std::runtime_error("redis-server does not answer");
  }

  void end(int signal) noexcept {
    if (pid_ <= 0) {
      return;
    }
    ::kill(pid_, signal);
    ::kill(pid_, SIGCONT); // a frozen one notices no signal but SIGKILL
    for (int i = 0; i < 5000; ++i) {
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = 0;
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  void clean() noexcept {
    end(SIGTERM);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  redis_server_options options_;
  std::filesystem::path directory_;
  std::uint16_t port_ = 0;
  bool port_kept_ = false;
  pid_t pid_ = 0;
};

} // namespace support
