#pragma once

#include "rollcall/cache/freshness.hpp"
#include "rollcall/net/request_parser.hpp"

namespace rollcall::gateway {

/// What a request's Cache-Control says (RFC 9111 section 5.2.1): no-cache, no-store, max-age and only-if-cached; or,
/// when there is none, its Pragma (section 5.4). What is unknown or malformed is ignored, as section 5.2.3 wants it.
cache::directives directives_of(const net::request_head& head);

} // namespace rollcall::gateway
