#pragma once

#include "rollcall/net/service.hpp"

#include <string>
#include <string_view>

namespace rollcall::gateway {

/// `Content-Type`, `Content-Length`, the empty line, and the body: what net::response::rest takes.
std::string whole_body(std::string_view content_type, std::string_view body);

/// The same for what an upstream answered, whose Content-Encoding, "" for none, has to be named, or the body is noise.
std::string whole_body(std::string_view content_type, std::string_view content_encoding, std::string_view body);

/// The documented failure envelope as a response's rest.
std::string envelope(std::string_view message);

inline constexpr std::string_view json_type = "application/json;charset=UTF-8";

} // namespace rollcall::gateway
