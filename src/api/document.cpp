#include "document.hpp"

#include "text.hpp"

namespace rollcall::api {

simdjson::simdjson_result<simdjson::dom::element> document_parser::parse(padded_view body) {
  if (body.size == 0)
    return simdjson::EMPTY;
  constexpr bool copy_first = false; // the padding is there already
  return parser_.parse(body.data, body.size, copy_first);
}

simdjson::simdjson_result<simdjson::dom::element> document_parser::parse_mended(padded_view body) {
  auto as_it_is = parse(body);
  if (as_it_is.error() == simdjson::SUCCESS)
    return as_it_is;
  std::string mended(body.data, body.size);
  if (!mend_lone_surrogates(mended))
    return as_it_is;
  mended.reserve(mended.size() + padding);
  return parse({mended.data(), mended.size()}); // what it yields lives in the parser's own buffers
}

void document_parser::trim() {
  if (parser_.capacity() > kept_capacity)
    parser_ = simdjson::dom::parser{};
}

std::optional<std::string_view> text_of(simdjson::dom::element value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS || text.empty())
    return std::nullopt;
  return text;
}

} // namespace rollcall::api
