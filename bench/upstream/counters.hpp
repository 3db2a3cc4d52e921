#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rollcall::standin {

/// What was asked of the stand-in, as `GET /__stats` shows it. Any thread may call. The number of distinct keys is
/// bounded; what does not fit is counted as overflow.
class counters {
public:
  /// One request to the platform's API.
  void count(std::string_view path);

  /// One request for a room's members: `credential` is the Authorization field, empty where there was none.
  void count_room(std::string_view credential, std::string_view wid, std::string_view room);

  void connection_opened();
  void connection_closed() { open_.fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t total() const;
  [[nodiscard]] std::uint64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }

  /// {"total", "endpoints", "rooms", "overflow", "connections": {"accepted", "open"}}
  [[nodiscard]] std::string to_json() const;

  /// Zeroes everything but the number of open connections.
  void reset();

private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using tally = std::unordered_map<std::string, std::uint64_t, text_hash, std::equal_to<>>;

  void add(tally& where, std::size_t limit, std::string_view key);

  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> open_ = 0;
  mutable std::mutex mutex_; // guards everything below
  std::uint64_t total_ = 0;
  std::uint64_t overflow_ = 0;
  tally endpoints_;
  tally rooms_;
};

} // namespace rollcall::standin
