#pragma once

#include "rollcall/net/byte_budget.hpp"
#include "rollcall/upstream/admission.hpp"
#include "rollcall/upstream/pool.hpp"

#include <expected>
#include <optional>
#include <string>

namespace rollcall::upstream {

class pass;
class shield;

/// Readable bytes behind fetched::body (simdjson reads past the end of its input).
inline constexpr std::size_t body_padding = 64;

/// An answer that was read to its end.
struct fetched {
  unsigned status = 0;
  /// Empty when the instance named none.
  std::string content_type;
  /// Empty for none, otherwise as the instance named it.
  std::string content_encoding;
  /// Has body_padding readable bytes behind its end.
  std::string body;
  /// The body, of fetch_request::bytes.
  net::held_bytes held{};
};

struct fetch_request {
  std::string path;
  /// The Authorization value, when the client sent one.
  std::optional<std::string> credential;
  /// JSON.
  std::string body;
  /// Where the answer counts while it comes in and for as long as it is kept as it came; null: nowhere.
  net::byte_budget* bytes = nullptr;
};

/// The largest answer that fetch() takes.
inline constexpr std::size_t fetch_most = std::size_t{16} << 20;

/// Asks an instance: the request is one that we wrote, and reading it twice does no harm. So when a kept connection
/// turns out to be dead before a byte of the answer came, it is asked once more on a new one, if `allowed`, which may
/// be null and outlives the task, may_repeat(). Ends by `timeout` at the latest, and at once when the instance is
/// ejected.
net::task<std::expected<fetched, failure>> fetch(pool& from, fetch_request request, std::chrono::milliseconds timeout,
                                                 pass* allowed = nullptr);

/// Where a call goes, and on whose behalf.
struct shielded_call {
  std::size_t instance = 0;
  std::string w_id;
  urgency who = urgency::client;
  net::steady_clock::time_point deadline;
};

/// The same with the shield's pass: a failure that is worth it is followed by one more attempt, if the budget has one
/// left and there is a turn for it before the deadline. `of` and `from` outlive the task.
net::task<std::expected<fetched, failure>> fetch(shield& of, pass first, pool& from, fetch_request request,
                                                 shielded_call what);

} // namespace rollcall::upstream
