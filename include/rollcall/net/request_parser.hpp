#pragma once

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/optional/optional.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
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
  /// In the order they came. Filled in by add().
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
  /// False when there is no field of that name; most requests have few, and need not be searched.
  [[nodiscard]] bool may_have(http::field id) const noexcept { return (names_ & name_bit(id)) != 0; }

  void add(const field& f) {
    fields.push_back(f);
    names_ |= name_bit(f.id);
  }

private:
  // One of 64 bits for each name, which several share.
  static constexpr std::uint64_t name_bit(http::field id) noexcept {
    return std::uint64_t{1} << (static_cast<unsigned>(id) % 64);
  }
  std::uint64_t names_ = 0;
};

class strict_parser;

/// Reads the heads of requests, one after the other, and their chunked bodies: Beast's parser with views instead of
/// copies and with the stricter framing, behind a quick one for what nearly all heads look like. It is given a whole
/// head in one piece, found by the empty line at its end; after that, a chunked body piece by piece. Bodies with a
/// length need no parser.
class request_parser {
public:
  static constexpr std::size_t fields_most = 128;

  request_parser();
  ~request_parser();
  request_parser(const request_parser&) = delete;
  request_parser& operator=(const request_parser&) = delete;

  /// The size of the head at the front of `bytes`, its empty line included, if it is whole and as nearly all are: then
  /// it is parsed. 0 otherwise, which says nothing yet. Whatever was read before is forgotten.
  std::size_t parse_plain_head(std::string_view bytes);
  /// Parses `bytes`, any head, up to and including its empty line. Whatever was read before is forgotten.
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
  /// `most` bounds the chunk sizes that are accepted from here on. The head was chunked.
  std::expected<step, framing_error> parse_chunked(std::string_view bytes, std::uint64_t most);

private:
  void forget();

  request_head head_;
  std::unique_ptr<strict_parser> strict_; // null unless the quick one left the head to it
};

} // namespace rollcall::net
