#pragma once

#include "rollcall/net/edge_socket.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <optional>
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
    segments_.push_back({.offset = 0, .data = bytes.data(), .size = bytes.size(), .owner = std::move(owner)});
  }
  /// The same for bytes that are in a file, too.
  void append_file(const file_part& part, std::shared_ptr<const void> owner) {
    append_shared(part.bytes, std::move(owner));
    segments_.back().file = part.file;
    segments_.back().file_offset = part.offset;
  }

  [[nodiscard]] bool empty() const noexcept { return segments_.empty() && sealed_ == text_.size(); }
  [[nodiscard]] std::size_t size() const noexcept;
  /// The memory that it keeps from others: of its own, and shared bytes, those of one owner in a row once.
  [[nodiscard]] std::size_t held() const noexcept;

  /// The unwritten bytes, for one gather write: up to the next that are in a file, and at most IOV_MAX-like many
  /// segments. Valid until the next change.
  const std::vector<iovec>& buffers();
  /// Whether buffers() end where bytes in a file begin.
  [[nodiscard]] bool file_follows() const noexcept { return file_follows_; }
  /// What is to be written next when that is in a file.
  [[nodiscard]] std::optional<file_part> file() const noexcept;
  /// Forgets the first `n` unwritten bytes.
  void consume(std::size_t n);

private:
  struct segment {
    std::size_t offset; // into text_, when `data` is null
    const char* data;
    std::size_t size;
    std::shared_ptr<const void> owner;
    int file = -1;
    off_t file_offset = 0;
  };
  void seal_text() {
    if (sealed_ < text_.size())
      segments_.push_back({.offset = sealed_, .data = nullptr, .size = text_.size() - sealed_, .owner = nullptr});
    sealed_ = text_.size();
  }
  void clear();

  std::string text_;
  std::size_t sealed_ = 0; // text_ up to here is in segments_
  std::vector<segment> segments_;
  std::size_t first_ = 0;   // segments before this one are written
  std::size_t written_ = 0; // of the first unwritten segment, or of the text when there is none
  std::vector<iovec> buffers_;
  bool file_follows_ = false;
};

} // namespace rollcall::net
