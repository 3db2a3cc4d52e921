#include "rollcall/upstream/answer_reader.hpp"

#include <boost/asio/error.hpp>

namespace rollcall::upstream {

std::expected<const answer_parser*, failure> answer_reader::head(link& from) {
  for (;;) {
    if (!parser_)
      parser_.emplace(to_head_, body_most_);
    const auto size = parser_->take_head(from.buffer.bytes());
    if (!size)
      return std::unexpected(size.error());
    if (*size == 0)
      return nullptr;
    begun_ = true;
    from.buffer.consume(*size);
    if (parser_->status() / 100 != 1)
      return &*parser_;
    parser_.reset();
  }
}

std::expected<std::string_view, failure> answer_reader::body(link& from) {
  for (;;) {
    const auto step = parser_->take_body(from.buffer.bytes());
    if (!step)
      return std::unexpected(step.error());
    from.buffer.consume(step->consumed);
    if (!step->data.empty() || step->consumed == 0)
      return step->data;
  }
}

std::expected<bool, failure> answer_reader::more(link& from) {
  if (from.buffer.size() >= read_ahead_most) // a chunk's extension, or a trailer, without end
    return std::unexpected(failure::malformed);
  const auto come = from.read_now();
  if (come)
    return *come;
  if (come.error() == net::asio::error::eof && parser_ && parser_->take_end())
    return true;
  return std::unexpected(from.why());
}

} // namespace rollcall::upstream
