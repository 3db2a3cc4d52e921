#pragma once

#include "rollcall/gateway/settings.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/net/request_parser.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace rollcall::gateway {

/// What the access log will say of a request; empty, and free, while the log is off.
struct access_note {
  /// Null: nothing.
  std::shared_ptr<spdlog::logger> log;
  net::steady_clock::time_point began;
  std::string method;
  std::string path; // without the query, which may hold anything
  std::string key;  // the identity, on the cached route
};

/// Notes a request when the access log is on. `key` is its identity, or "".
access_note note_access(const settings& s, const net::request_head& head, std::string_view key);

/// Writes the line. `result` is the Cache-Status detail or the like.
void log_access(const access_note& n, unsigned status, std::string_view result);

} // namespace rollcall::gateway
