#pragma once

#include "rollcall/cache/clock.hpp"

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace rollcall::simulation {

using microseconds = std::chrono::microseconds;

/// Where a task leaves what it returns.
template <class T>
struct task_result {
  std::optional<T> value;
  void return_value(T v) { value.emplace(std::move(v)); }
  T take() { return std::move(*value); }
};
template <>
struct task_result<void> {
  void return_void() {}
  void take() {}
};

/// A coroutine that starts when it is awaited. One thread; nothing in it may throw.
template <class T = void>
class [[nodiscard]] task {
public:
  struct promise_type : task_result<T> {
    std::coroutine_handle<> then;

    struct hand_back {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> of) noexcept {
        return of.promise().then;
      }
      void await_resume() noexcept {}
    };
    task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    hand_back final_suspend() noexcept { return {}; }
    void unhandled_exception() { std::terminate(); }
  };

  explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (frame_)
      frame_.destroy();
  }

  bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> then) noexcept {
    frame_.promise().then = then;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

private:
  std::coroutine_handle<promise_type> frame_;
};

/// What happens when, in simulated time: things that are due at the same microsecond happen in the order in which they
/// were planned.
class timeline {
public:
  [[nodiscard]] microseconds now() const noexcept { return now_; }
  /// The same as decisions want it.
  [[nodiscard]] cache::time_point wall() const noexcept { return wall_at(now_); }
  static cache::time_point wall_at(microseconds t) {
    return cache::time_point(cache::milliseconds(1'700'000'000'000)) + std::chrono::floor<cache::milliseconds>(t);
  }

  void at(microseconds when, std::function<void()> what) { plan_.push({when, serial_++, std::move(what)}); }
  void after(microseconds pause, std::function<void()> what) { at(now_ + pause, std::move(what)); }

  [[nodiscard]] auto sleep(microseconds pause) {
    struct awaiter {
      timeline& of;
      microseconds pause;
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<> who) { of.after(pause, who); }
      void await_resume() noexcept {}
    };
    return awaiter{*this, pause};
  }

  /// Lets `what` run on its own.
  void spawn(task<> what) { carry(*this, std::move(what)); }

  /// Until nothing is left to happen.
  void run() {
    while (!plan_.empty()) {
      const auto next = std::move(const_cast<event&>(plan_.top()));
      plan_.pop();
      now_ = next.when;
      next.what();
    }
  }

  /// Tasks that were spawned and have not ended.
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

private:
  struct event {
    microseconds when;
    std::uint64_t serial;
    std::function<void()> what;
    bool operator<(const event& other) const { return std::pair(when, serial) > std::pair(other.when, other.serial); }
  };
  struct on_its_own {
    struct promise_type {
      on_its_own get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      void unhandled_exception() { std::terminate(); }
    };
  };
  static on_its_own carry(timeline& t, task<> what) {
    ++t.running_;
    co_await std::move(what);
    --t.running_;
  }

  microseconds now_{0};
  std::uint64_t serial_ = 0;
  std::size_t running_ = 0;
  std::priority_queue<event> plan_;
};

/// What one task waits for and another one rings, as a timer that is cancelled.
class alarm {
public:
  explicit alarm(timeline& t) : timeline_(t) {}

  /// Returns when it rings, and after `most` at the latest.
  [[nodiscard]] auto wait(microseconds most) {
    struct awaiter {
      alarm& of;
      microseconds most;
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<> who) {
        of.sleeper_ = std::make_shared<std::coroutine_handle<>>(who);
        of.timeline_.after(most, waking(of.sleeper_));
      }
      void await_resume() noexcept {}
    };
    return awaiter{*this, most};
  }

  void ring() {
    if (sleeper_)
      timeline_.after(microseconds(0), waking(sleeper_));
  }

private:
  using sleeper = std::shared_ptr<std::coroutine_handle<>>;
  static std::function<void()> waking(sleeper who) {
    return [who = std::move(who)] {
      if (const auto h = std::exchange(*who, nullptr))
        h.resume();
    };
  }

  timeline& timeline_;
  sleeper sleeper_;
};

} // namespace rollcall::simulation
