#pragma once

#include "rollcall/api/account_scanner.hpp"
#include "rollcall/gateway/access_log.hpp"
#include "rollcall/gateway/forwarding.hpp"
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

  /// Of a body, when there are several instances: what is read, at most, to find the account that it is about.
  static constexpr std::size_t searched_most = std::size_t{64} << 10;

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
  /// While it is not known where it goes, because there are several instances.
  struct search {
    unaddressed_head head;
    api::account_scanner scanner;
    std::string read; // of the body
  };
  /// One request on its way: as far as nobody has to be waited for in plain functions, and on from there in a
  /// coroutine.
  struct passage {
    passage(load::place of_load, net::byte_budget& budget, net::turn to, forwarded of)
        : place(std::move(of_load)), kept(&budget), t(std::move(to)), f(std::move(of)) {}
    load::place place;
    net::held_bytes kept; // what waits to be sent, of f.text or of what is searched
    net::turn t;
    forwarded f;
    std::optional<search> looking;
    std::optional<upstream::stream> s; // from when it is known where it goes
    std::string_view rest;             // of f.text, which the kernel has not taken
    bool body_begun = false;           // what had come of the body is in f.text
    bool answer_begun = false;         // the head of the answer is with the turn
    // What the two directions tell each other.
    bool relay_ended = false;
    /// The client broke off its body, or its framing, before that.
    std::optional<net::framing_error> client_failed;
    /// There was no answer.
    std::optional<upstream::failure> upstream_failed;
  };

  using passage_ptr = std::unique_ptr<passage>;

  void depart(passage_ptr one);
  void address(passage_ptr one, const net::request& r, body_framing framing);
  bool search_at_once(passage& p, std::string_view given);
  net::task<> search_on(passage_ptr one);
  bool set_course(passage& p);
  std::expected<bool, upstream::failure> send_at_once(passage& p);
  void turn_away(const net::request& r, net::exchange& x, overload why);
  static void begin_body(passage& p, std::string_view piece);
  void request_is_through(passage& p);
  void take_answer(passage_ptr one, std::expected<void, upstream::failure> come);
  std::expected<bool, upstream::failure> answer_at_once(passage& p);
  void go_on(passage_ptr one);
  net::task<> forward(passage_ptr one);
  net::task<bool> exchange_both_ways(passage& p);
  net::task<> send_body(passage& p);
  net::task<bool> relay(passage& p);
  void begin_answer(passage& p, const upstream::stream_answer& answer);
  static std::expected<bool, upstream::failure> add_arrived(passage& p);
  net::task<bool> relay_watched(passage& p);
  struct dropping; // a purge that an answer waits for
  net::task<> settle(write_watch& write);
  net::task<> drop(cache::scope s, std::shared_ptr<dropping> w);
  void give_up(passage& p);
  void refuse(passage& p, net::framing_error why);
  void fail(passage& p, upstream::failure why);

  lane_context& lane_;
  api::change_parser changes_;
  api::answer_parser answers_;
  std::string fields_; // of the answer whose head is being put together; keeps its storage
  std::string spare_;  // storage for the text of the next request
};

} // namespace rollcall::gateway
