#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/freshness.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/gateway/cache_status.hpp"
#include "rollcall/gateway/settings.hpp"
#include "rollcall/upstream/fetch.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <variant>

namespace rollcall::gateway {

/// A room's list that memory could not answer for, with copies of all that is needed to get it.
struct question {
  cache::identity id;
  /// As the request has it; the identity's own is escaped.
  std::string w_id;
  upstream::fetch_request request;
  cache::directives wants;
  /// Of the moment when it was asked.
  settings_ptr settings;
};

/// Where an entry came from.
enum class origin {
  memory = 1, ///< it came there while the question was on its way
  redis,
  upstream, ///< or it is a stale one, which the upstream failed to replace
};

/// An entry, and how it was got.
struct stored {
  cache::entry_ptr entry;
  origin from = origin::upstream;
  /// For origin::upstream.
  forward_report report{};
};

/// An answer of the upstream's that is handed on but not stored.
struct relayed {
  unsigned status = 200;
  /// Its representation fields, the empty line and the body: made once, however many waited for it.
  std::string rest;
  forward_report report;
  cache::time_point asked_at{};
};

/// No answer, and why.
struct failed {
  unsigned status = 502;
  std::string message;
  forward_report report;
  /// For 503.
  std::chrono::seconds retry_after{1};
};

/// What became of a question. Shared by everybody who asked it at the same time.
using outcome = std::variant<stored, relayed, failed>;
using outcome_ptr = std::shared_ptr<const outcome>;

} // namespace rollcall::gateway
