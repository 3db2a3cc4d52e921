#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/gateway/cache_status.hpp"
#include "rollcall/upstream/fetch.hpp"

#include <string>
#include <variant>

namespace rollcall::gateway {

/// A room's list that memory could not answer for, with copies of all that is needed to get it.
struct question {
  cache::identity id;
  upstream::fetch_request request;
  /// What memory holds although it is no longer fresh, or null.
  cache::entry_ptr stale;
};

/// An entry, and where it came from.
struct stored {
  cache::entry_ptr entry;
  bool from_redis = false;
  forward_report report{};
};

/// An answer of the upstream's that is handed on but not stored.
struct relayed {
  upstream::fetched answer;
  forward_report report;
};

/// No answer, and why.
struct failed {
  unsigned status = 502;
  std::string message;
  forward_report report;
};

/// What became of a question. Shared by everybody who asked it at the same time.
using outcome = std::variant<stored, relayed, failed>;

} // namespace rollcall::gateway
