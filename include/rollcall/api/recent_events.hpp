#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace rollcall::api {

/// The events seen lately, since callbacks repeat. Holds whole keys: with hashes alone, an event could be taken for a
/// repetition of another and its purge be lost. Not thread-safe.
class recent_events {
public:
  /// Some minutes of a busy fleet, in 5 MiB at most, when all keys are as long as they may be.
  static constexpr std::size_t default_capacity = 16'384;
  /// An identifier has some 20 bytes; what is longer is not remembered and so always new.
  static constexpr std::size_t longest_key = 192;

  explicit recent_events(std::size_t capacity = default_capacity);
  recent_events(const recent_events&) = delete;
  recent_events& operator=(const recent_events&) = delete;

  /// Whether an event with this repeat_key was not seen lately; from now on it was. The key seen first is forgotten
  /// first, seen again or not. The empty key, of events that cannot be told apart, is always new.
  [[nodiscard]] bool is_new(std::string_view key);

  [[nodiscard]] std::size_t size() const noexcept { return seen_.size(); }

private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  std::size_t capacity_;
  std::unordered_set<std::string, text_hash, std::equal_to<>> seen_;
  /// The keys in `seen_`, the oldest first: its nodes stay where they are.
  std::deque<const std::string*> order_;
};

} // namespace rollcall::api
