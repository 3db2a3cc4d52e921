#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rollcall::cache {

/// Text that is written as a whole, with room for 87 bytes in the object itself: what holds it needs no second block of
/// memory, and who compares it no second fetch. Longer text has a block of its own.
class short_text {
public:
  /// With the size in one byte, eleven words.
  static constexpr std::size_t most_within = 87;

  short_text() noexcept { near_.size = 0; }
  short_text(const short_text& other) : short_text() { *this = other; }
  short_text(short_text&& other) noexcept : short_text() { take(other); }
  short_text& operator=(const short_text& other) {
    if (this != &other)
      std::ranges::copy(other.view(), resize(other.view().size()));
    return *this;
  }
  /// Leaves the other empty.
  short_text& operator=(short_text&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~short_text() { release(); }

  [[nodiscard]] std::string_view view() const noexcept {
    return is_far() ? std::string_view(far_.text, far_.size) : std::string_view(near_.text, near_.size);
  }

  /// Room for so many bytes, all of which the caller writes: what was there is gone. A block is kept for as long as it
  /// is large enough. Throws std::bad_alloc, changing nothing.
  char* resize(std::size_t size) {
    if (size > room()) {
      char* const block = new char[size];
      release();
      far_ = {.mark = far_mark, .room = size, .size = size, .text = block};
    }
    if (is_far()) {
      far_.size = size;
      return far_.text;
    }
    near_.size = static_cast<std::uint8_t>(size);
    return near_.text;
  }

  /// The size of its block; 0 when it has none.
  [[nodiscard]] std::size_t block() const noexcept { return is_far() ? far_.room : 0; }

private:
  static constexpr std::uint8_t far_mark = 255;

  // The first byte tells which of them it is; the standard lets either be asked for it (class.mem.general).
  struct near_text {
    std::uint8_t size;
    char text[most_within];
  };
  struct far_text {
    std::uint8_t mark;
    std::size_t room;
    std::size_t size;
    char* text;
  };
  static_assert(most_within < far_mark && sizeof(far_text) <= sizeof(near_text));

  [[nodiscard]] bool is_far() const noexcept { return near_.size == far_mark; }
  [[nodiscard]] std::size_t room() const noexcept { return is_far() ? far_.room : most_within; }

  void release() noexcept {
    if (is_far())
      delete[] far_.text;
    near_.size = 0;
  }

  /// Has no block itself.
  void take(short_text& other) noexcept {
    if (other.is_far()) {
      far_ = other.far_;
    } else {
      near_.size = other.near_.size;
      std::ranges::copy(other.view(), near_.text);
    }
    other.near_.size = 0;
  }

  union {
    near_text near_;
    far_text far_;
  };
};

} // namespace rollcall::cache
