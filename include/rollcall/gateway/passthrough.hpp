#pragma once

#include "rollcall/gateway/access_log.hpp"
#include "rollcall/gateway/lane_context.hpp"
#include "rollcall/gateway/write_watch.hpp"
#include "rollcall/net/service.hpp"
#include "rollcall/upstream/stream.hpp"

#include <memory>
#include <optional>
#include <string>

namespace rollcall::gateway {

/// Everything that is not cached: streamed to the upstream and back, unchanged but for what concerns one connection
/// only. A request is put on the wire at most once. A write that changes lists of members drops them before its answer
/// ends, so that whoever has seen the answer sees the change. One a lane.
class passthrough {
public:
  explicit passthrough(lane_context& lane) : lane_(lane) {}

  /// Takes the turn.
  void serve(const net::request& r, net::exchange& x);

private:
  struct forwarded {
    std::string text; // the head, and the body as well when it is already here
    bool to_head = false;
    bool body_follows = false;
    bool chunked = false;
    access_note note;
    /// For a write that changes lists.
    std::shared_ptr<write_watch> watch;
  };
  /// What the two directions of one exchange tell each other.
  struct progress {
    bool relay_ended = false;
    /// The client broke off its body, or its framing, before that.
    std::optional<net::framing_error> client_failed;
    /// There was no answer.
    std::optional<upstream::failure> upstream_failed;
  };

  net::task<> forward(net::turn t, forwarded f);
  net::task<> exchange_both_ways(net::turn t, forwarded f, upstream::stream& s);
  net::task<> send_body(net::turn& t, upstream::stream& s, const forwarded& f, progress& p);
  net::task<bool> relay(net::turn& t, upstream::stream& s, const forwarded& f, progress& p);
  net::task<bool> relay_body(net::turn& t, upstream::stream& s, const forwarded& f);
  struct dropping; // a purge that an answer waits for
  net::task<> settle(std::shared_ptr<write_watch> write);
  net::task<> drop(cache::scope s, std::shared_ptr<dropping> w);
  net::task<> conclude(net::turn t, const forwarded& f, const progress& p, bool whole);
  void give_up(net::turn t, const forwarded& f, const progress& p);
  void fail(net::turn t, const forwarded& f, upstream::failure why);

  lane_context& lane_;
  api::change_parser changes_;
  api::answer_parser answers_;
};

} // namespace rollcall::gateway
