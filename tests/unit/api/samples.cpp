#include "samples.hpp"

#include <fmt/format.h>

namespace rollcall::api::test {

std::string line(std::string_view w_id, room_field field, std::string_view room) {
  return fmt::format("query {}:{} {} {}:{}", w_id.size(), w_id, to_string(field), room.size(), room);
}

std::string line(query_error e) {
  return std::string(to_string(e));
}

std::string line(const parsed_query& parsed) {
  if (const auto* q = std::get_if<query>(&parsed))
    return line(q->w_id, q->field, q->room);
  if (const auto* e = std::get_if<query_error>(&parsed))
    return line(*e);
  return "pass through";
}

std::string verdict(std::string_view body) {
  static query_parser parser;
  padded text(body);
  std::string first = line(parser.parse(text.view()));
  for (const char filler : fillers) {
    text.fill(filler);
    if (const std::string again = line(parser.parse(text.view())); again != first)
      return fmt::format("with {:#04x} behind it: {}; otherwise: {}", static_cast<unsigned char>(filler), again, first);
  }
  const padded longer(std::string(body) + std::string(5000, ' '));
  if (const std::string again = line(parser.parse(longer.view())); again != first)
    return fmt::format("with space after it: {}; otherwise: {}", again, first);
  return first;
}

} // namespace rollcall::api::test
