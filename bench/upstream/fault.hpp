#pragma once

#include "upstream/call.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rollcall::standin {

/// What every call to the platform's API meets with, from when `POST /__fault` says so until it says something else.
enum class fault_kind : std::uint8_t {
  none,    ///< nothing
  hang,    ///< no answer, until the client leaves
  error,   ///< HTTP 500 and a page of HTML
  garbage, ///< HTTP 200 and a body that is no JSON
  noise,   ///< bytes that are no HTTP
  close,   ///< the connection is closed instead of an answer
  cut,     ///< the connection is closed in the middle of the answer's body
  slow,    ///< the answer, but so much later
};
inline constexpr std::size_t fault_kinds = 8;

std::string_view to_string(fault_kind kind) noexcept;

struct fault {
  fault_kind kind = fault_kind::none;
  std::chrono::microseconds delay{0}; ///< of `slow`
};

/// Reads {"mode": "hang"} or {"mode": "slow", "delay": "2s"}; nothing where that is something else.
std::optional<fault> parse_fault(const call& made);

/// The fault of the moment. Any thread may call.
class fault_switch {
public:
  [[nodiscard]] fault now() const noexcept {
    return {kind_.load(std::memory_order_relaxed), std::chrono::microseconds(delay_.load(std::memory_order_relaxed))};
  }
  void set(fault to) noexcept {
    delay_.store(to.delay.count(), std::memory_order_relaxed);
    kind_.store(to.kind, std::memory_order_relaxed);
  }

private:
  std::atomic<fault_kind> kind_ = fault_kind::none;
  std::atomic<std::int64_t> delay_ = 0;
};

} // namespace rollcall::standin
