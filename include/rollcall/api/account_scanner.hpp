#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall::api {

/// Looks for the account that a request is about: the `wId` of the object that its body is, which comes piece by piece
/// and of which no more is read than that takes. Whoever has only a beginning cannot know whether the whole is sound,
/// so this judges nothing: it finds a name for whoever has to choose where the body goes, and the receiver decides what
/// to make of it.
///
/// The first wId counts, compared after unescaping; one within an inner object or list does not. Keeps copies of what
/// it needs; takes any bytes.
class account_scanner {
public:
  enum class verdict : std::uint8_t {
    more, ///< not yet known
    found,
    none, ///< the body names no account: it is no object, ends without a wId, or that is no string or an empty one
  };

  /// The next piece. The verdict stays once it is known.
  verdict scan(std::string_view piece);
  [[nodiscard]] verdict result() const noexcept { return result_; }
  /// Once it is found: unescaped.
  [[nodiscard]] std::string_view w_id() const noexcept { return text_; }

private:
  enum class expecting : std::uint8_t { object, key, key_text, colon, value, value_text, value_end };

  void take(char c);
  void begin_value(char c);
  void within_value(char c);
  void end_value(char c);
  void take_text(char c);
  void end_text();
  void keep(char c);

  expecting next_ = expecting::object;
  verdict result_ = verdict::more;
  std::size_t depth_ = 0;    // of objects and lists within the value
  bool in_string_ = false;   // within a value that is skipped
  bool escaped_ = false;     // the last byte was a backslash
  bool has_escapes_ = false; // text_ has some
  bool is_account_ = false;  // the name was wId
  bool too_long_ = false;    // for that name
  std::string text_;         // of the name, or of the account, as it came
};

} // namespace rollcall::api
