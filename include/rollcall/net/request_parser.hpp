#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/optional/optional.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

namespace rollcall::net {

namespace http = boost::beast::http;

/// Why a request is refused before anybody looks at what it asks for. Beast 1.81 accepts several of these, and each is
/// a known way to make two servers see two different requests in the same bytes (RFC 9112 section 11.2).
enum class framing_error {
  malformed = 1,      ///< not HTTP/1 as RFC 9112 writes it
  head_too_large,     ///< more than limits::head bytes, or more than limits::fields fields
  control_byte,       ///< a control byte in the target or in a field
  folded_field,       ///< obs-fold
  bad_host,           ///< missing in HTTP/1.1, repeated, or not a host
  bad_target,         ///< neither origin-form nor this server's absolute-form
  method_unsupported, ///< CONNECT
  coding_unsupported, ///< a transfer coding other than exactly `chunked`
  ambiguous_length,   ///< Transfer-Encoding with Content-Length, or in HTTP/1.0
  bad_content_length, ///< repeated, a list, or not a number
  bad_chunk,          ///< a chunk's head or end is malformed
  body_too_large,     ///< more than the route takes
};
std::string_view to_string(framing_error e);
/// The status of the answer: 400, 413, 431 or 501.
unsigned status_of(framing_error e);

struct field {
  http::field id = http::field::unknown;
  std::string_view name;
  std::string_view value;
};

/// The head of a request, checked. All views point into the bytes that were parsed.
struct request_head {
  http::verb method = http::verb::unknown;
  std::string_view method_text;
  /// Origin-form (or `*`): the scheme and authority of an absolute-form target are cut off.
  std::string_view target;
  std::string_view host;
  /// 10 or 11.
  int version = 11;
  std::vector<field> fields;
  boost::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  [[nodiscard]] std::string_view path() const { return target.substr(0, target.find('?')); }
  [[nodiscard]] bool has_query() const { return target.find('?') != std::string_view::npos; }
  [[nodiscard]] bool has_body() const { return chunked || (content_length && *content_length > 0); }
  /// The first field of that name, or null.
  [[nodiscard]] const field* find(http::field id) const;
};

/// Beast's parser for one request, with views instead of copies and with the stricter framing, behind a quick one for
/// what nearly all heads look like. It is given the whole head in one piece, which its reader has found by the empty
/// line at the end; after that, a chunked body piece by piece. Bodies with a length need no parser.
class request_parser : private http::basic_parser<true> {
public:
  static constexpr std::size_t fields_most = 128;

  request_parser();

  /// Parses `bytes`, a head up to and including its empty line.
  std::expected<void, framing_error> parse_head(std::string_view bytes);

  [[nodiscard]] const request_head& head() const noexcept { return head_; }

  /// One step through a chunked body.
  struct step {
    std::size_t consumed = 0;
    /// Body bytes among those consumed.
    std::string_view data;
    /// The last chunk and its trailer are through. Trailer fields are dropped.
    bool done = false;
    /// Nothing more can be taken from these bytes alone.
    bool need_more = false;
  };
  /// `most` bounds the chunk sizes that are accepted from here on.
  std::expected<step, framing_error> parse_chunked(std::string_view bytes, std::uint64_t most);

private:
  friend class http::basic_parser<true>;
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(http::verb method, string_view text, string_view target, int version, error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field id, string_view name, string_view value, error_code& ec) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code& ec) override;
  void on_finish_impl(error_code&) override {}

  std::expected<void, framing_error> check_framing();
  std::expected<void, framing_error> check_host_and_target();
  void note_field(const field& f);
  [[nodiscard]] bool is_folded(const field& f) const;

  request_head head_;
  std::string_view bytes_;  // the head while it is being parsed
  framing_error refused_{}; // set by the callbacks; 0 while there is nothing to object to
  std::string_view data_;
  std::uint64_t chunk_most_ = 0;
  bool chunk_seen_ = false;
  unsigned hosts_ = 0;
  unsigned lengths_ = 0;
  unsigned codings_ = 0;
  bool coding_is_chunked_ = false;
  bool in_trailer_ = false;
};

} // namespace rollcall::net
