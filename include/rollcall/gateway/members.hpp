#pragma once

#include "rollcall/api/answer.hpp"
#include "rollcall/api/query.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/gateway/access_log.hpp"
#include "rollcall/gateway/cache_status.hpp"
#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/gateway/passthrough.hpp"
#include "rollcall/net/service.hpp"
#include "rollcall/upstream/fetch.hpp"

#include <optional>
#include <string>
#include <variant>

namespace rollcall::gateway {

/// The cached route: POST /getChatRoomMember. Memory, then Redis, then the upstream. One a lane.
class members {
public:
  static constexpr std::string_view path = "/getChatRoomMember";
  static constexpr std::size_t body_most = 16 * 1024;

  members(lane_context& lane, passthrough& others) : lane_(lane), others_(others) {}

  /// A fresh entry in memory is answered before this returns; for everything else a task takes over.
  void serve(const net::request& r, net::exchange& x);

private:
  /// A request that memory could not answer, with copies of all it needs.
  struct question {
    cache::identity id;
    upstream::fetch_request request;
    /// What memory holds although it is no longer fresh, or null.
    cache::entry_ptr stale;
    bool gzip = false;
    access_note note;
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
    unsigned status;
    std::string message;
    forward_report report;
  };
  using outcome = std::variant<stored, relayed, failed>;

  void answer_hit(const cache::entry& e, bool gzip, cache::time_point now, net::exchange& x);
  net::task<> answer_later(net::turn t, question q);
  void respond(net::turn t, const question& q, const outcome& o);

  net::task<outcome> obtain(const question& q);
  net::task<cache::entry_ptr> look_in_redis(const question& q, cache::entry_ptr& stale);
  net::task<outcome> ask_upstream(const question& q, cache::entry_ptr stale);
  outcome judge_answer(const question& q, upstream::fetched f, const cache::entry_ptr& stale);
  outcome instead(const cache::entry_ptr& stale, forward_report report, std::string message, unsigned status);
  cache::entry_ptr keep(const question& q, const upstream::fetched& f);
  net::task<> keep_in_redis(cache::entry_ptr e);

  lane_context& lane_;
  passthrough& others_;
  api::query_parser queries_;
  api::answer_parser answers_;
  cache::fingerprints fingerprints_;
  cache::identity id_; // of the request being served; keeps its storage
};

} // namespace rollcall::gateway
