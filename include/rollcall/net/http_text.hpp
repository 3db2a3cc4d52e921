#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace rollcall::net {

/// `Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n` (IMF-fixdate, RFC 9110 section 5.6.7), made anew once a second. One a
/// thread.
class date_line {
public:
  std::string_view at(std::chrono::sys_seconds now);

private:
  std::chrono::sys_seconds second_{std::chrono::seconds{-1}};
  std::string line_;
};

/// The size of the head of a message at the front of `bytes`, its empty line included; 0 when that has not come. A bare
/// LF ends a line here, so that a parser gets to refuse it at once. What is before `from` was searched already, and
/// does not hold the beginning of that empty line.
std::size_t head_end(std::string_view bytes, std::size_t from = 0);

/// The standard reason phrase of a status, or "".
std::string_view reason_phrase(unsigned status);

/// Whether two texts differ at most in the case of their ASCII letters, as names and tokens of HTTP may.
bool iequals(std::string_view a, std::string_view b);

/// Without the optional white space (RFC 9110 section 5.6.3) around it.
std::string_view trimmed(std::string_view text);

/// Does an Accept-Encoding value allow gzip (RFC 9110 section 12.5.3)? False for no field at all: several clients break
/// on a coding they did not ask for.
bool accepts_gzip(std::string_view accept_encoding);

} // namespace rollcall::net
