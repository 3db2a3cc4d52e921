#pragma once

#include <unistd.h>

#include <utility>

namespace rollcall::net {

/// A file descriptor that is closed with its owner.
class descriptor {
public:
  descriptor() = default;
  /// Negative: none.
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~descriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

  /// Somebody else owns it from now on.
  int release() noexcept { return std::exchange(number_, -1); }

  void close() noexcept {
    if (is_open())
      ::close(std::exchange(number_, -1));
  }

private:
  int number_ = -1;
};

} // namespace rollcall::net
