#include "rollcall/gateway/write_watch.hpp"

#include "rollcall/api/write_outcome.hpp"

namespace rollcall::gateway {

namespace {

api::padded_view padded(std::string& bytes) {
  bytes.reserve(bytes.size() + api::padding);
  return {bytes.data(), bytes.size()};
}

} // namespace

void write_watch::copy::add(std::string_view piece) {
  too_large = too_large || piece.size() > most - bytes.size();
  if (too_large)
    bytes = {};
  else
    bytes += piece;
}

void write_watch::answered(unsigned status, std::string_view content_encoding) {
  status_ = status;
  coding_ = content_encoding;
}

std::optional<cache::scope> write_watch::dropped_by(api::change_parser& changes, api::answer_parser& answers) {
  settled_ = true;
  std::optional<api::answer_kind> said;
  if (whole_ && !answer_.too_large)
    said = answers.classify(padded(answer_.bytes)).kind;
  if (api::outcome_of_write(status_, coding_, said) == api::write_outcome::refused || request_.too_large)
    return std::nullopt;
  const auto change = changes.parse(padded(request_.bytes));
  if (!change)
    return std::nullopt;
  return cache::scope::of(change->w_id, change->room.value_or(""));
}

} // namespace rollcall::gateway
