#include "document.hpp"

namespace rollcall::api {

simdjson::simdjson_result<simdjson::dom::element> document_parser::parse(padded_view body) {
  if (body.size == 0)
    return simdjson::EMPTY;
  constexpr bool copy_first = false; // the padding is there already
  return parser_.parse(body.data, body.size, copy_first);
}

void document_parser::trim() {
  if (parser_.capacity() > kept_capacity)
    parser_ = simdjson::dom::parser{};
}

} // namespace rollcall::api
