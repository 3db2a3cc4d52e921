#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace rollcall::net {

/// Bytes that came from a socket, with `padding` more that may be read behind them. Consuming moves a mark; the bytes
/// move only in prepare(), so views into them are good until then. Holds no memory until it is first used, or after it
/// was moved from.
class read_buffer {
public:
  static constexpr std::size_t padding = 64;

  read_buffer() = default;
  explicit read_buffer(std::size_t capacity) { grow(capacity); }
  read_buffer(read_buffer&& other) noexcept { swap(other); }
  read_buffer& operator=(read_buffer&& other) noexcept {
    read_buffer(std::move(other)).swap(*this);
    return *this;
  }

  [[nodiscard]] std::string_view bytes() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  void consume(std::size_t n) noexcept {
    begin_ += n;
    if (begin_ == end_)
      begin_ = end_ = 0;
  }

  void clear() noexcept { begin_ = end_ = 0; }

  /// Gives back memory that a large message needed, once nothing unread is in it.
  void shrink(std::size_t kept) noexcept {
    if (!empty() || capacity_ <= kept)
      return;
    data_.reset();
    begin_ = end_ = capacity_ = 0;
  }

  struct space {
    char* data;
    std::size_t size;
  };
  /// At least `least` free bytes behind the unread ones. Moves or copies those when there is no other way.
  space prepare(std::size_t least) {
    if (capacity_ - end_ < least) {
      const auto unread = size();
      if (data_ && capacity_ >= unread + least)
        std::memmove(data_.get(), data_.get() + begin_, unread);
      else
        grow(unread + least);
      begin_ = 0;
      end_ = unread;
    }
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t n) noexcept { end_ += n; }

  void append(std::string_view more) {
    const auto to = prepare(more.size());
    std::ranges::copy(more, to.data);
    commit(more.size());
  }

private:
  void swap(read_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

  void grow(std::size_t least) {
    std::size_t capacity = 2048;
    while (capacity < least)
      capacity *= 2;
    // Zeroed once, so that what a parser reads past the end is at least initialised.
    auto data = std::make_unique<char[]>(capacity + padding);
    if (size() > 0)
      std::memcpy(data.get(), data_.get() + begin_, size());
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace rollcall::net
