#pragma once

#include "rollcall/upstream/pool.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <cstdint>

namespace rollcall::upstream {

/// The largest head of an answer.
inline constexpr std::uint32_t response_head_most = 64 * 1024;

/// What an error on a connection means for the request that is on it.
failure failure_of(const link& l, net::error_code ec);

/// Beast 1.81 accepts transfer codings that do not end in `chunked` and then believes a Content-Length, which is how an
/// answer's rest becomes somebody else's answer. It also lets through repeated lengths, chunks in HTTP/1.0 (RFC 9112
/// section 6.1), status codes below 100, and 101, to which nothing that we send can lead. `chunked` is what it made of
/// the fields.
bool head_is_sound(const boost::beast::http::response_header<>& head, bool chunked);

} // namespace rollcall::upstream
