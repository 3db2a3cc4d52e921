#pragma once

#include "rollcall/net/request_parser.hpp"

#include <string_view>

namespace rollcall::net {

/// Recognises a request's head as nearly all clients write it, in one pass, and nothing else: GET or POST of a path,
/// HTTP/1.1, one Host, plain field lines, no transfer coding, no expectation. `bytes` is a whole head with its empty
/// line. False, with `head` in no particular state, for whatever is odd, which says nothing against it: Beast's parser
/// and the checks around it judge that, at five times the cost. What it recognises, those would read in the same way.
bool recognise_plain_head(std::string_view bytes, request_head& head);

} // namespace rollcall::net
