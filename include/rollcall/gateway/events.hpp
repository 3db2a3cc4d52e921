#pragma once

#include "rollcall/api/answer.hpp"
#include "rollcall/api/event.hpp"
#include "rollcall/api/recent_events.hpp"
#include "rollcall/gateway/commons.hpp"
#include "rollcall/gateway/purges.hpp"
#include "rollcall/upstream/fetch.hpp"
#include "rollcall/upstream/pool.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rollcall::gateway {

/// The bot's own address for callbacks.
struct forward_address {
  upstream::instance to;
  /// Path and query.
  std::string target;
};

/// Reads `http://host[:port][/path][?query]`, or says what is wrong with it; never quotes the query, which may hold a
/// token.
std::expected<forward_address, std::string> parse_forward_address(std::string_view url);

/// Takes the platform's callbacks: drops what they say has changed and, where that is wanted, hands them on to the
/// bot's own address. On the control thread.
class events {
public:
  struct answer {
    unsigned status = 202;
    /// Representation fields, the empty line and the body.
    std::string rest;
  };
  struct stats {
    ops::counter taken; ///< well-formed callbacks
    ops::counter malformed;
    ops::counter repeated; ///< of those taken, the ones that had come before
    ops::counter dropped;  ///< of those taken, the ones that dropped something
    ops::counter forwarded;
    ops::counter forward_failures;
  };

  events(const net::executor& control, net::reactor& edges, commons& shared, purges& to_drop)
      : control_(control), edges_(edges), shared_(shared), purges_(to_drop) {}

  /// Where to hand them on to from now on, if anywhere, and how long that may take. What is under way goes where it was
  /// to go.
  void forward_to(std::optional<forward_address> to, std::chrono::milliseconds timeout);

  /// Drops first and forwards then, so that a bot that asks because of the callback sees the change. With a forward
  /// address the answer is the one from there, whatever the body is; without one, 202, or 400 for a malformed body.
  net::task<answer> take(std::string body);

  void stop();

  [[nodiscard]] const stats& counted() const noexcept { return stats_; }

private:
  net::task<std::optional<purges::report>> heed(const api::event& e);
  net::task<bool> count_differs(cache::scope s, std::uint64_t members);
  std::size_t members_in(const cache::entry& e);
  struct forwarding;
  net::task<answer> hand_on(std::string body, std::shared_ptr<forwarding> to);

  net::executor control_;
  net::reactor& edges_;
  commons& shared_;
  purges& purges_;
  std::shared_ptr<forwarding> forward_; // null: nowhere
  std::vector<std::shared_ptr<forwarding>> retired_;
  api::event_parser parser_;
  api::answer_parser answers_;
  api::recent_events recent_;
  /// Of rooms that were dropped for their count: what was told, and what the list had. Where a new list says the same
  /// again, the two count differently, and dropping it for every message would be the end of caching.
  struct mismatch {
    std::uint64_t told = 0;
    std::size_t listed = 0;
  };
  static constexpr std::size_t mismatches_most = 4096;
  std::unordered_map<std::string, mismatch> mismatches_;
  stats stats_;
};

} // namespace rollcall::gateway
