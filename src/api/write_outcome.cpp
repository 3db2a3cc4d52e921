#include "rollcall/api/write_outcome.hpp"

#include "text.hpp"

namespace rollcall::api {
namespace {

bool is_plain(std::string_view content_encoding) {
  return content_encoding.empty() || equal_ignoring_case(content_encoding, "identity");
}

write_outcome outcome_of_envelope(std::optional<answer_kind> said) {
  if (!said)
    return write_outcome::unknown;
  switch (*said) {
  case answer_kind::success:
  case answer_kind::odd:
    return write_outcome::done;
  case answer_kind::failure:
    return write_outcome::refused;
  case answer_kind::unreadable:
    break;
  }
  return write_outcome::unknown;
}

} // namespace

std::string_view to_string(write_outcome o) {
  switch (o) {
  case write_outcome::done:
    return "done";
  case write_outcome::refused:
    return "refused";
  case write_outcome::unknown:
    break;
  }
  return "unknown";
}

write_outcome outcome_of_write(unsigned status, std::string_view content_encoding, std::optional<answer_kind> said) {
  const auto told = is_plain(content_encoding) ? outcome_of_envelope(said) : write_outcome::unknown;
  if (status >= 200 && status < 300)
    return told;
  if (status >= 400 && status < 500)
    return told == write_outcome::done ? write_outcome::unknown : write_outcome::refused;
  return write_outcome::unknown;
}

} // namespace rollcall::api
