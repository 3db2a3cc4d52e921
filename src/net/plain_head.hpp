#pragma once

#include "rollcall/net/request_parser.hpp"

#include <cstddef>
#include <string_view>

namespace rollcall::net {

/// Recognises a request's head as nearly all clients write it, in one pass, and nothing else: GET or POST of a path,
/// HTTP/1.1, one Host, plain field lines, no transfer coding, no expectation. Returns the size of the head at the front
/// of `bytes`, its empty line included. 0, with `head` in no particular state, for whatever is not whole or odd, which
/// says nothing against it: Beast's parser and the checks around it judge that, at five times the cost. What it
/// recognises, those would read in the same way.
std::size_t recognise_plain_head(std::string_view bytes, request_head& head);

} // namespace rollcall::net
