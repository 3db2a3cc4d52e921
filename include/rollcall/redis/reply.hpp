#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::redis {

/// A reply of RESP2. Owns what it shows. A default-made one is nil.
class reply {
public:
  enum class kind : std::uint8_t { status = 1, error, integer, nil, text, array };

  reply() = default;
  /// `k` is status, error or text.
  reply(kind k, std::string text) : kind_(k), text_(std::move(text)) {}
  explicit reply(std::int64_t n) : kind_(kind::integer), integer_(n) {}
  explicit reply(std::vector<reply> elements) : kind_(kind::array), elements_(std::move(elements)) {}

  [[nodiscard]] kind type() const noexcept { return kind_; }
  [[nodiscard]] bool is(kind k) const noexcept { return kind_ == k; }
  /// The status `OK`, which is how Redis confirms most writes.
  [[nodiscard]] bool ok() const noexcept { return kind_ == kind::status && text_ == "OK"; }

  /// Of a status, an error or a text; empty otherwise.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  /// Of an integer; 0 otherwise.
  [[nodiscard]] std::int64_t integer() const noexcept { return integer_; }
  /// The elements of an array; 0 otherwise.
  [[nodiscard]] std::size_t size() const noexcept { return elements_.size(); }
  /// `i` is below size().
  [[nodiscard]] const reply& operator[](std::size_t i) const noexcept { return elements_[i]; }

  /// Appends to an array; the element stays where it is until the next one.
  reply& append(reply element) { return elements_.emplace_back(std::move(element)); }

private:
  kind kind_ = kind::nil;
  std::int64_t integer_ = 0;
  std::string text_;
  std::vector<reply> elements_;
};

std::string_view to_string(reply::kind k);

/// `text` for a log line: what is not printable ASCII becomes `?`, and the rest of a long one is cut off. What a server
/// says goes through this before anybody prints it.
std::string printable(std::string_view text);

} // namespace rollcall::redis
