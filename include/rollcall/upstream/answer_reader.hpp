#pragma once

#include "rollcall/upstream/answer_parser.hpp"
#include "rollcall/upstream/link.hpp"

#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string_view>

namespace rollcall::upstream {

/// Reads one answer from a link. Waits for nothing: what is missing comes with more() after an edge.
class answer_reader {
public:
  /// As for answer_parser.
  explicit answer_reader(bool to_head, std::uint64_t body_most = std::numeric_limits<std::uint64_t>::max())
      : to_head_(to_head), body_most_(body_most) {}

  /// The head of the final answer; interim ones are dropped. Null while it has not come whole. Views into it are good
  /// until more().
  std::expected<const answer_parser*, failure> head(link& from);
  /// After the head: the next piece of the body that is already here, good until more(). Empty when there is none.
  std::expected<std::string_view, failure> body(link& from);
  /// Reads what has come: whether that was something. The connection's end is an error, unless the answer ends with it.
  std::expected<bool, failure> more(link& from);

  /// The body has been handed out to its end.
  [[nodiscard]] bool is_done() const { return parser_ && parser_->is_done(); }
  /// ... and the instance means to keep the connection open.
  [[nodiscard]] bool may_reuse() const { return is_done() && parser_->keep_alive(); }
  /// Not a byte of an answer has come.
  [[nodiscard]] bool is_untouched(const link& from) const { return !begun_ && from.buffer.empty(); }

private:
  const bool to_head_;
  bool begun_ = false; // a head has been taken, maybe an interim one
  const std::uint64_t body_most_;
  std::optional<answer_parser> parser_;
};

} // namespace rollcall::upstream
