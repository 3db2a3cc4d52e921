#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace rollcall::load {

/// How often each room was changed, so that an answer can be held against what was known when it was asked
/// for: it may show any version from the oldest, which was confirmed before the question, to the newest, which was
/// begun before the answer. Threads share one. A room has one write at a time; every odd version has one member more
/// than an even one.
class versions {
public:
  /// `grace` nanoseconds after its confirmation a write may still be unknown to another gateway.
  versions(std::size_t rooms, std::int64_t grace) : rooms_(std::make_unique<room[]>(rooms)), grace_(grace) {}

  /// The version to write, unless a write is under way or one was never confirmed.
  std::optional<std::uint32_t> begin_write(std::size_t which) noexcept {
    auto& r = rooms_[which];
    auto done = r.done.load(std::memory_order_acquire);
    const auto next = done + 1;
    return r.begun.compare_exchange_strong(done, next, std::memory_order_acq_rel) ? std::optional(next) : std::nullopt;
  }

  /// The write under way was confirmed. Without this, nobody knows whether it happened: both are right from then on,
  /// and the room is left alone.
  void confirm(std::size_t which, std::int64_t now) noexcept {
    auto& r = rooms_[which];
    r.confirmed_at.store(now, std::memory_order_relaxed);
    r.done.fetch_add(1, std::memory_order_release);
  }

  /// No write is under way, nor was one never confirmed.
  [[nodiscard]] bool settled(std::size_t which) const noexcept {
    return rooms_[which].done.load(std::memory_order_acquire) == newest(which);
  }

  /// What a question of this moment may not be answered without.
  [[nodiscard]] std::uint32_t oldest(std::size_t which, std::int64_t now) const noexcept {
    const auto& r = rooms_[which];
    const auto done = r.done.load(std::memory_order_acquire);
    const bool settled = now - r.confirmed_at.load(std::memory_order_relaxed) > grace_;
    return done == 0 || settled ? done : done - 1;
  }
  [[nodiscard]] std::uint32_t newest(std::size_t which) const noexcept {
    return rooms_[which].begun.load(std::memory_order_acquire);
  }

private:
  struct room {
    std::atomic<std::uint32_t> begun = 0;
    std::atomic<std::uint32_t> done = 0;
    std::atomic<std::int64_t> confirmed_at = 0;
  };
  std::unique_ptr<room[]> rooms_;
  std::int64_t grace_;
};

} // namespace rollcall::load
