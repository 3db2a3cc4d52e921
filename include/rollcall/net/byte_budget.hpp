#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace rollcall::net {

/// Bytes that wait in buffers of the whole process for somebody slow: answers that clients do not take, requests that
/// have come in part, answers of instances that are not whole. Nothing is refused here: who would take on more asks
/// whether it is spent. Shared by all threads; touched only when somebody has to wait.
class byte_budget {
public:
  explicit byte_budget(std::size_t most) : most_(most) {}

  void change(std::size_t most) noexcept { most_.store(most, std::memory_order_relaxed); }
  void add(std::size_t n) noexcept { used_.fetch_add(n, std::memory_order_relaxed); }
  void subtract(std::size_t n) noexcept { used_.fetch_sub(n, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t most() const noexcept { return most_.load(std::memory_order_relaxed); }
  /// Whether that it is spent, or that there is room again, is news; told to one who asks.
  bool is_news(bool is_spent) noexcept { return told_.exchange(is_spent, std::memory_order_relaxed) != is_spent; }
  /// Well below the limit, so that the news is not taken back at once.
  [[nodiscard]] bool has_room() const noexcept { return used() < most() / 4 * 3; }

  [[nodiscard]] bool spent() const noexcept { return used() >= most(); }

private:
  std::atomic<std::size_t> most_;
  std::atomic<std::size_t> used_{0};
  std::atomic<bool> told_{false};
};

/// What one holder has of a budget. Gives it back when it ends.
class held_bytes {
public:
  held_bytes() = default;
  /// Null: not counted.
  explicit held_bytes(byte_budget* of) noexcept : of_(of) {}
  held_bytes(held_bytes&& other) noexcept : of_(other.of_), count_(std::exchange(other.count_, 0)) {}
  held_bytes& operator=(held_bytes&& other) noexcept {
    if (this != &other) {
      hold(0);
      of_ = other.of_;
      count_ = std::exchange(other.count_, 0);
    }
    return *this;
  }
  ~held_bytes() { hold(0); }

  /// It is `n` now.
  void hold(std::size_t n) noexcept {
    if (n == count_ || of_ == nullptr)
      return;
    if (n > count_)
      of_->add(n - count_);
    else
      of_->subtract(count_ - n);
    count_ = n;
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

private:
  byte_budget* of_ = nullptr;
  std::size_t count_ = 0;
};

} // namespace rollcall::net
