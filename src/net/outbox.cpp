#include "rollcall/net/outbox.hpp"

#include <algorithm>
#include <utility>

namespace rollcall::net {

namespace {
// The kernel takes at most 1024 (IOV_MAX). As many as a burst of pipelined answers has, twice: a head and a body each.
constexpr std::size_t segments_at_once = 128;
// Storage above this is given back once it is written.
constexpr std::size_t keep_text = 16 * 1024;
} // namespace

std::size_t outbox::size() const noexcept {
  std::size_t total = text_.size() - sealed_;
  for (std::size_t i = first_; i < segments_.size(); ++i)
    total += segments_[i].size;
  return total - written_;
}

std::size_t outbox::held() const noexcept {
  auto total = text_.capacity() + segments_.capacity() * sizeof(segment);
  const void* last = nullptr;
  for (std::size_t i = first_; i < segments_.size(); ++i) {
    const auto* owner = segments_[i].owner.get();
    if (owner == nullptr || std::exchange(last, owner) != owner) // nobody's: it waits where it was read
      total += segments_[i].size;
  }
  return total;
}

const std::vector<iovec>& outbox::buffers() {
  buffers_.clear();
  file_follows_ = false;
  if (segments_.empty()) { // text alone, as with most hits: nothing to seal
    if (written_ < text_.size())
      buffers_.push_back({text_.data() + written_, text_.size() - written_});
    return buffers_;
  }
  seal_text();
  const auto last = std::min(segments_.size(), first_ + segments_at_once);
  for (std::size_t i = first_; i < last; ++i) {
    const auto& s = segments_[i];
    if (s.file >= 0 && i > first_) {
      file_follows_ = true;
      break;
    }
    // Nobody writes to what an iovec points at, but its type has no word for that.
    buffers_.push_back({const_cast<char*>(s.data ? s.data : text_.data() + s.offset), s.size});
  }
  if (!buffers_.empty()) {
    buffers_.front().iov_base = static_cast<char*>(buffers_.front().iov_base) + written_;
    buffers_.front().iov_len -= written_;
  }
  return buffers_;
}

std::optional<file_part> outbox::file() const noexcept {
  if (first_ == segments_.size() || segments_[first_].file < 0)
    return std::nullopt;
  const auto& s = segments_[first_];
  return file_part{s.file, s.file_offset + static_cast<off_t>(written_),
                   std::string_view(s.data, s.size).substr(written_)};
}

void outbox::consume(std::size_t n) {
  if (segments_.empty()) {
    written_ += n;
    if (written_ == text_.size())
      clear();
    return;
  }
  seal_text();
  while (first_ < segments_.size()) {
    const auto left = segments_[first_].size - written_;
    if (n < left) {
      written_ += n;
      return;
    }
    n -= left;
    written_ = 0;
    segments_[first_].owner.reset();
    ++first_;
  }
  clear();
}

void outbox::clear() {
  segments_.clear();
  first_ = written_ = sealed_ = 0;
  if (text_.capacity() > keep_text)
    std::string().swap(text_);
  else
    text_.clear();
}

} // namespace rollcall::net
