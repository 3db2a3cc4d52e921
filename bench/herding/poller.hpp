#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace rollcall::herding {

using steady_clock = std::chrono::steady_clock;

/// Throws std::system_error for errno.
[[noreturn]] void fail(std::string_view what);

/// Owns a file descriptor.
class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor();

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool open() const noexcept { return number_ >= 0; }

private:
  int number_ = -1;
};

/// What the program waits for. Bare epoll, because the wake-up of the client counts in every latency it reports.
class poller {
public:
  /// Somebody who is told when his descriptor can be read, or written if he asked for that.
  class watcher {
  public:
    virtual void on_ready() = 0;

  protected:
    ~watcher() = default;
  };

  poller();

  /// Until the descriptor is closed. The watcher has to live as long.
  void watch(const descriptor& what, watcher& who);
  void watch_for_room(const descriptor& what, watcher& who, bool wanted);

  /// Waits for the first descriptor, but not for longer than `most`, and tells the watchers of all that are ready.
  void wait(steady_clock::duration most);

private:
  void control(int operation, int number, watcher& who, std::uint32_t events);

  descriptor set_;
};

} // namespace rollcall::herding
