#include "rollcall/net/request_parser.hpp"

#include "plain_head.hpp"
#include "strict_parser.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rollcall::net {

std::string_view to_string(framing_error e) {
  switch (e) {
  case framing_error::malformed:
    return "the request is not well-formed HTTP/1.1";
  case framing_error::head_too_large:
    return "the request's head is too large";
  case framing_error::control_byte:
    return "the request's head holds a control byte";
  case framing_error::folded_field:
    return "a header field is folded over several lines";
  case framing_error::bad_host:
    return "the Host field is missing, repeated or malformed";
  case framing_error::bad_target:
    return "the request target is not a path on this server";
  case framing_error::method_unsupported:
    return "the method is not supported";
  case framing_error::coding_unsupported:
    return "the transfer coding is not supported";
  case framing_error::ambiguous_length:
    return "the length of the body is ambiguous";
  case framing_error::bad_content_length:
    return "the Content-Length is malformed or repeated";
  case framing_error::bad_chunk:
    return "the chunked body is malformed";
  case framing_error::body_too_large:
    return "the request's body is too large";
  }
  return "";
}

unsigned status_of(framing_error e) {
  switch (e) {
  case framing_error::head_too_large:
    return 431;
  case framing_error::body_too_large:
    return 413;
  case framing_error::method_unsupported:
  case framing_error::coding_unsupported:
    return 501;
  default:
    return 400;
  }
}

const field* request_head::find(http::field id) const {
  if (!may_have(id))
    return nullptr;
  const auto at = std::ranges::find(fields, id, &field::id);
  return at == fields.end() ? nullptr : &*at;
}

request_parser::request_parser() {
  head_.fields.reserve(16);
}

request_parser::~request_parser() = default;

void request_parser::forget() {
  auto fields = std::move(head_.fields); // keeps its storage
  fields.clear();
  head_ = {};
  head_.fields = std::move(fields);
}

std::size_t request_parser::parse_plain_head(std::string_view bytes) {
  strict_.reset();
  forget();
  return recognise_plain_head(bytes, head_);
}

std::expected<void, framing_error> request_parser::parse_head(std::string_view bytes) {
  if (const auto size = parse_plain_head(bytes); size > 0 && size == bytes.size())
    return {};
  forget();
  strict_ = std::make_unique<strict_parser>(head_);
  return strict_->parse_head(bytes);
}

std::expected<request_parser::step, framing_error> request_parser::parse_chunked(std::string_view bytes,
                                                                                 std::uint64_t most) {
  assert(strict_); // the quick one leaves transfer codings alone
  return strict_->parse_chunked(bytes, most);
}

} // namespace rollcall::net
