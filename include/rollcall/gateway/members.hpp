#pragma once

#include "rollcall/api/query.hpp"
#include "rollcall/cache/flights.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/gateway/access_log.hpp"
#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/gateway/outcome.hpp"
#include "rollcall/gateway/passthrough.hpp"
#include "rollcall/gateway/patience.hpp"
#include "rollcall/gateway/source.hpp"
#include "rollcall/net/service.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace rollcall::gateway {

/// The cached route: POST /getChatRoomMember. Memory answers on the spot; whoever else asks for the same list at the
/// same time, on whatever lane, shares one flight to Redis and the upstream. One a lane.
class members {
public:
  static constexpr std::string_view path = "/getChatRoomMember";
  static constexpr std::size_t body_most = 16 * 1024;

  members(lane_context& lane, passthrough& others);

  /// What memory can answer is answered before this returns; for everything else a task takes over.
  void serve(const net::request& r, net::exchange& x);

  /// From now on nothing of this keeps the io_context running but those who still wait for a flight.
  void stop() { waiting_.stop(); }

private:
  using flights = cache::flights<outcome>;

  /// What one asker wants, beside the answer.
  struct asker {
    bool gzip = false;
    access_note note;
  };
  /// What memory says to one request.
  struct sight {
    cache::entry_ptr entry; ///< null: nothing
    bool fresh = false;
    cache::decision what = cache::decision::ask;
    /// What it came to when it was asked for a moment ago; not looked up for plain hits.
    std::optional<cache::remembered<outcome>::note> failure{};
  };
  /// One asker's wait for a flight that somebody else may be landing on another thread.
  struct wait;
  /// What the wait came to. `collapsed`: somebody else's call answered it; `remembered`: and that some while ago.
  struct answer {
    outcome_ptr result;
    bool collapsed = false;
    bool remembered = false;
  };

  sight look_in_memory(const cache::directives& wants, cache::time_point now);
  question question_of(const net::request& r, const api::query& query, const cache::directives& wants) const;
  void refresh_later(const net::request& r, const api::query& query, cache::entry_ptr known);
  void answer_hit(const cache::entry_ptr& e, bool gzip, cache::time_point now, net::exchange& x);
  void answer_later(net::turn t, question q, asker who);
  net::task<> answer_from_stores(net::turn t, question q, asker who);
  net::task<> look_meanwhile(std::shared_ptr<wait> w, question q);
  void land(wait& w, outcome_ptr result);
  void finish(wait& w, answer a);
  void send_away(wait& w);
  net::task<> fly(question q, flights::permit lead, std::optional<source::renewal> due);
  void respond(net::turn t, const asker& who, const answer& a);

  lane_context& lane_;
  passthrough& others_;
  source source_;
  patience waiting_;
  api::query_parser queries_;
  cache::fingerprints fingerprints_;
  cache::identity id_; // of the request being served; keeps its storage
};

} // namespace rollcall::gateway
