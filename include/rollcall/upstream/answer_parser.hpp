#pragma once

#include "rollcall/net/request_parser.hpp"
#include "rollcall/upstream/error.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <forward_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::upstream {

/// The largest head of an answer.
inline constexpr std::size_t answer_head_most = 64 * 1024;

/// Beast's parser for one answer, with views instead of copies and with stricter framing, behind a quick one for what
/// most answers look like. Its reader gives it what has come, takes off the front what was consumed, and lets the bytes
/// of the head be until it has dealt with its fields.
class answer_parser : private boost::beast::http::basic_parser<false> {
public:
  /// `to_head`: the request's method was HEAD, whose answer has no body whatever it says. A body that is larger than
  /// `body_most` is too_large, as soon as it says so.
  explicit answer_parser(bool to_head, std::uint64_t body_most = std::numeric_limits<std::uint64_t>::max());

  /// Takes a whole head off the front of `bytes`: how many of them that are, or 0 while its end has not come. Given
  /// more bytes of the same head each time.
  std::expected<std::size_t, failure> take_head(std::string_view bytes);

  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
  /// As received, hop-by-hop ones included. A trailer's are dropped.
  [[nodiscard]] const std::vector<net::field>& fields() const noexcept { return fields_; }
  /// Absent when the length is known only at the end.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;

  /// One step through the body.
  struct step {
    std::size_t consumed = 0; ///< 0: nothing more can be taken from these bytes alone
    std::string_view data;    ///< body bytes among those consumed
  };
  std::expected<step, failure> take_body(std::string_view bytes);
  /// The connection has ended. Is that how this answer ends?
  bool take_end();

  /// The answer is through.
  [[nodiscard]] bool is_done() const { return plain_ ? left_ == 0 : basic_parser::is_done(); }
  /// The instance means to keep the connection open. Only after the head.
  [[nodiscard]] bool keep_alive() const { return plain_ || basic_parser::keep_alive(); }

private:
  friend class boost::beast::http::basic_parser<false>;
  using text = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(boost::beast::http::verb, text, text, int, error_code&) override {}
  void on_response_impl(int status, text reason, int version, error_code& ec) override;
  void on_field_impl(boost::beast::http::field id, text name, text value, error_code& ec) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(text body, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, text, error_code&) override { chunk_seen_ = true; }
  std::size_t on_chunk_body_impl(std::uint64_t remain, text body, error_code& ec) override;
  void on_finish_impl(error_code&) override {}

  bool recognise_plain(std::string_view head);
  bool heed_plain(const net::field& f, bool& length_told);
  [[nodiscard]] bool framing_is_sound() const;

  const bool to_head_;
  const std::uint64_t body_most_;
  bool plain_ = false;       // the quick parser knew the head, and Beast has seen nothing of the answer
  std::uint64_t length_ = 0; // then: of the body
  std::uint64_t left_ = 0;   // ... and what of it was not handed out
  unsigned status_ = 0;
  int version_ = 11;
  std::string_view reason_;
  std::vector<net::field> fields_;
  std::forward_list<std::string> unfolded_; // values that were written over several lines
  std::string_view head_;                   // while it is being parsed
  std::size_t searched_ = 0;                // bytes of an unfinished head that do not hold its end
  std::string_view data_;
  bool chunk_seen_ = false;
};

} // namespace rollcall::upstream
