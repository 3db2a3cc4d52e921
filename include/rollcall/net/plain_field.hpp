#pragma once

#include "rollcall/net/request_parser.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace rollcall::net {

/// Takes a field line, its CRLF included, off the front of `rest` when it is written as nearly all are: a name of
/// letters, digits and hyphens, a value that is not empty and holds no control byte. False for whatever is odd, a fold
/// or the end of the head included, which says nothing against it; `rest` is in no particular state then.
bool take_plain_field(std::string_view& rest, field& f);

/// The length that a Content-Length of at most 18 digits gives; nullopt for whatever else it says.
std::optional<std::uint64_t> plain_length(std::string_view value);

} // namespace rollcall::net
