#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::net {

/// Bytes waiting to be written: text of our own, and shared bytes that are not copied, in order. Holds what the kernel
/// did not take at once.
class outbox {
public:
  /// Up to this size a copy behind other text costs less than one more part of a gather write, and than the count of
  /// one more owner, which threads share.
  static constexpr std::size_t copied_most = 4096;

  /// Copies `text`.
  void append(std::string_view text) { text_.append(text); }
  /// Appends `bytes` without a copy; `owner` keeps them alive.
  void append_shared(std::string_view bytes, std::shared_ptr<const void> owner) {
    seal_text();
    segments_.push_back({0, bytes.data(), bytes.size(), std::move(owner)});
  }

  [[nodiscard]] bool empty() const noexcept { return segments_.empty() && sealed_ == text_.size(); }
  [[nodiscard]] std::size_t size() const noexcept;
  /// The memory that it keeps from others: of its own, and shared bytes, those of one owner in a row once.
  [[nodiscard]] std::size_t held() const noexcept;

  /// The unwritten bytes, for one gather write; at most IOV_MAX-like many segments. Valid until the next change.
  const std::vector<iovec>& buffers();
  /// Forgets the first `n` unwritten bytes.
  void consume(std::size_t n);

private:
  struct segment {
    std::size_t offset; // into text_, when `data` is null
    const char* data;
    std::size_t size;
    std::shared_ptr<const void> owner;
  };
  void seal_text() {
    if (sealed_ < text_.size())
      segments_.push_back({sealed_, nullptr, text_.size() - sealed_, nullptr});
    sealed_ = text_.size();
  }
  void clear();

  std::string text_;
  std::size_t sealed_ = 0; // text_ up to here is in segments_
  std::vector<segment> segments_;
  std::size_t first_ = 0;   // segments before this one are written
  std::size_t written_ = 0; // of the first unwritten segment, or of the text when there is none
  std::vector<iovec> buffers_;
};

} // namespace rollcall::net
