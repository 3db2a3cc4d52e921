#include "response.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/string.hpp>

#include <iterator>

namespace rollcall::upstream {

namespace http = boost::beast::http;

failure failure_of(const link& l, net::error_code ec) {
  if (l.overdue())
    return failure::timed_out;
  if (ec == http::error::body_limit)
    return failure::too_large;
  // The connection's end, in one of its forms; what remains is Beast's opinion of the bytes.
  if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
      ec.category() != make_error_code(http::error::bad_value).category())
    return failure::closed;
  return failure::malformed;
}

bool head_is_sound(const http::response_header<>& head, bool chunked) {
  if (head.result_int() < 100 || head.result_int() == 101)
    return false;
  const auto lengths = head.equal_range(http::field::content_length);
  if (lengths.first != lengths.second && (std::next(lengths.first) != lengths.second ||
                                          lengths.first->value().find(',') != boost::beast::string_view::npos))
    return false;
  const auto codings = head.equal_range(http::field::transfer_encoding);
  if (codings.first == codings.second)
    return true;
  return chunked && head.version() >= 11 && std::next(codings.first) == codings.second &&
         boost::beast::iequals(codings.first->value(), "chunked");
}

} // namespace rollcall::upstream
