#pragma once

#include <cstdint>
#include <string_view>

namespace rollcall::load {

/// What a room's answer has to be: its bytes where there is memory for them, otherwise their size and 64-bit hash.
class truth {
public:
  /// Nothing is known: every body is right.
  truth() = default;
  /// `body` ends in `]}`, as every list does. With `keep` it has to live as long as this.
  truth(std::string_view body, bool keep);

  [[nodiscard]] bool known() const noexcept { return size_ != 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Whether `body` is the list, with `more` written after its last member.
  [[nodiscard]] bool matches(std::string_view body, std::string_view more = {}) const noexcept;

  /// Whether a gzip member's trailer (RFC 1952 section 2.3.1) tells the size and the CRC-32 of the list: no proof that
  /// it inflates, but that no other list was compressed.
  [[nodiscard]] bool matches_gzip(std::string_view member) const noexcept;

private:
  const char* kept_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t crc_ = 0;
  std::uint64_t hash_ = 0; // of all but the last two bytes
};

} // namespace rollcall::load
