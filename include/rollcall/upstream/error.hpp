#pragma once

#include <string_view>

namespace rollcall::upstream {

/// How a request to an instance fails without a whole answer.
enum class failure {
  unreachable = 1,   ///< no connection: refused, no route, no such name
  connect_timed_out, ///< no connection within connect_timeout
  timed_out,         ///< connected, but no whole answer in time
  unanswered,        ///< the instance closed the connection before a byte of its answer had come
  closed,            ///< the instance closed the connection before its answer was whole
  malformed,         ///< the answer is not HTTP, or its framing is ambiguous
  too_large,         ///< the answer is larger than a cached route takes
  no_instance,       ///< the account lives on no instance of the configuration
  ejected,           ///< not called: it has failed too often of late (see ejection)
  untrusted,         ///< connected, but its certificate is not accepted
};
inline constexpr int failure_count = 10;

/// A sentence for the envelope's message.
std::string_view to_string(failure f);
/// A word for metrics and Cache-Status.
std::string_view label_of(failure f);
/// 504 for time-outs, 503 for what is worth another try in a moment, otherwise 502.
unsigned status_of(failure f);

} // namespace rollcall::upstream
