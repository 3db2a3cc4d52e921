#pragma once

#include "herding/poller.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::herding {

/// The upstream instance: knows one room at a time, and says so after a delay.
class instance final : poller::watcher {
public:
  /// Answers wait until `quorum` calls have come in, and then for the delay. Port 0 takes a free one.
  instance(poller& loop, std::uint16_t port, std::chrono::microseconds delay, std::size_t quorum);
  ~instance();

  [[nodiscard]] std::uint16_t port() const;

  /// From now on this room is the one, and this is all of its answer. Counts anew.
  void begin(std::string_view room, std::string answer);

  /// Calls since begin(). Those for another room are counted as well, and answered with 404: nobody should make any.
  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }

  /// When the first and the last answer since begin() were handed to the kernel: just before, so that this counts too.
  struct moments {
    steady_clock::time_point first;
    steady_clock::time_point last;
  };
  [[nodiscard]] std::optional<moments> answered() const noexcept { return answered_; }

  /// How long the caller may wait before it calls release(), if there is anything to release.
  [[nodiscard]] std::optional<steady_clock::duration> until_due() const;

  /// Sends the answers that are due.
  void release();

private:
  class connection;
  struct held {
    connection* to;
    steady_clock::time_point asked;
  };

  void on_ready() override;
  void take_call(connection& from, std::string_view body);

  poller& loop_;
  descriptor listening_;
  std::chrono::microseconds delay_;
  std::size_t quorum_;
  std::vector<std::unique_ptr<connection>> connections_; // ended ones stay: there are few
  std::string room_;
  std::string answer_;
  std::deque<held> held_;
  std::size_t calls_ = 0;
  std::optional<moments> answered_;
};

} // namespace rollcall::herding
