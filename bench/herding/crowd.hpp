#pragma once

#include "herding/poller.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::herding {

/// Clients with one kept connection each, who all ask the same.
class crowd {
public:
  /// Spreads them evenly over the ports.
  crowd(poller& loop, std::size_t size, std::span<const std::uint16_t> ports);
  crowd(crowd&&) = delete;
  ~crowd();

  /// Everybody asks. Both views have to stay valid until the answers are in.
  void ask(std::string_view question, std::string_view expected_body);

  /// Nobody waits any more: all have an answer, or have lost their connection.
  [[nodiscard]] bool served() const noexcept { return waiting_ == 0; }

  /// When right answers were complete, in the order in which they came.
  [[nodiscard]] const std::vector<steady_clock::time_point>& arrivals() const noexcept { return arrivals_; }

  /// Other answers, and what came unasked: each of them for the whole life of the crowd.
  [[nodiscard]] std::size_t wrong() const noexcept { return wrong_; }

private:
  class asker;

  poller& loop_;
  std::vector<asker> askers_; // never grows once they are watched
  std::vector<char> buffer_;  // of all: one is read at a time
  std::string_view expected_;
  std::size_t waiting_ = 0;
  std::size_t wrong_ = 0;
  std::vector<steady_clock::time_point> arrivals_;
};

} // namespace rollcall::herding
