#pragma once

#include "rollcall/api/query.hpp"

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace rollcall::api {

static_assert(padding >= simdjson::SIMDJSON_PADDING);

/// Reads whole documents with simdjson's DOM parser, which validates every byte: grammar, UTF-8, escapes (a lone
/// surrogate is an error), numbers (64-bit integers, finite doubles) and nesting (1,024 levels). Keeps its buffers.
class document_parser {
public:
  /// The element, and every text taken from it, lives until the next parse or trim.
  simdjson::simdjson_result<simdjson::dom::element> parse(padded_view body);

  /// As parse, but takes lone surrogates for U+FFFD. The body itself is never rewritten: a copy only tells what it is.
  simdjson::simdjson_result<simdjson::dom::element> parse_mended(padded_view body);

  /// Gives back the buffers of an unusually large document: they are about 14 times its size.
  void trim();

private:
  static constexpr std::size_t kept_capacity = std::size_t{1} << 20;

  simdjson::dom::parser parser_;
};

/// The text of a value, if that is a string and not empty. Lives as long as the value.
std::optional<std::string_view> text_of(simdjson::dom::element value);

} // namespace rollcall::api
