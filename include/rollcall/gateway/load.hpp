#pragma once

#include "rollcall/net/byte_budget.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

namespace rollcall::gateway {

/// Why a request is turned away although nothing is wrong with it.
enum class overload {
  in_flight = 1, ///< too many are under way to the instances
  bytes,         ///< too much waits in buffers
};
inline constexpr int overload_count = 2;

/// A word for metrics.
std::string_view label_of(overload why);
/// A sentence for the envelope's message.
std::string_view to_string(overload why);

/// What this process has taken on and cannot serve from memory. Hits do not count, nor does waiting for a call that is
/// under way already: both go on when all else is turned away. Shared by all threads; touched once a call.
class load {
public:
  explicit load(net::byte_budget& bytes) : bytes_(bytes) {}

  /// Held by what is under way to an instance.
  class place {
  public:
    place() = default;
    place(place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    place& operator=(place&&) = delete;
    ~place() {
      if (of_)
        of_->under_way_.fetch_sub(1, std::memory_order_relaxed);
    }

  private:
    friend class load;
    explicit place(load& of) : of_(&of) {}
    load* of_ = nullptr;
  };

  /// An error: turn it away, which has been counted.
  std::expected<place, overload> enter();

  [[nodiscard]] net::byte_budget& bytes() const noexcept { return bytes_; }

  void change(std::size_t most) noexcept { most_.store(most, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t most() const noexcept { return most_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t turned_away(overload why) const noexcept {
    return turned_away_[static_cast<std::size_t>(why) - 1].load(std::memory_order_relaxed);
  }

private:
  net::byte_budget& bytes_;
  std::atomic<std::size_t> most_{1};
  std::atomic<std::size_t> under_way_{0};
  std::array<std::atomic<std::uint64_t>, overload_count> turned_away_{};
};

} // namespace rollcall::gateway
