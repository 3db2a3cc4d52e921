#pragma once

#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/net/request_parser.hpp"

#include <string>
#include <string_view>

namespace rollcall::gateway {

/// What the access log will say of a request; empty, and free, while the log is off.
struct access_note {
  net::steady_clock::time_point began;
  std::string method;
  std::string path; // without the query, which may hold anything
  std::string key;  // the identity, on the cached route
};

/// Notes a request when the access log is on. `key` is its identity, or "".
access_note note_access(const house& h, const net::request_head& head, std::string_view key);

/// Writes the line. `result` is the Cache-Status detail or the like.
void log_access(const house& h, const access_note& n, unsigned status, std::string_view result);

} // namespace rollcall::gateway
