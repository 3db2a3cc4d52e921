#include "rollcall/gateway/passthrough.hpp"

#include "rollcall/gateway/cache_status.hpp"
#include "rollcall/gateway/forwarding.hpp"
#include "rollcall/gateway/replies.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace rollcall::gateway {

namespace asio = boost::asio;
namespace http = boost::beast::http;

void passthrough::serve(const net::request& r, net::exchange& x) {
  auto place = lane_.shared.load.enter();
  if (!place)
    return turn_away(r, x, place.error());
  const auto& head = r.head;
  forwarded f;
  f.text = std::exchange(spare_, {});
  f.to_head = head.method == http::verb::head;
  f.note = note_access(*lane_.settings, head, {});
  if (head.method == http::verb::post && lane_.settings->writes.contains(head.path()))
    f.watch = std::make_shared<write_watch>();
  // The route may have wanted to see the body first, and then it is here.
  body_framing framing{false, r.body.size()};
  if (r.body.empty()) {
    f.chunked = head.chunked;
    f.body_follows = head.has_body();
    framing = {head.chunked, std::nullopt};
    if (head.content_length)
      framing.length = *head.content_length;
  }
  lane_.stats.passed.add();
  auto* const only = lane_.upstreams.only();
  if (only) {
    append_forwarded_head(f.text, head, only->target(), framing);
    f.text += r.body;
  }
  auto one = std::make_unique<passage>(std::move(*place), lane_.shared.load.bytes(), x.take(), std::move(f));
  if (!only)
    return address(std::move(one), r, framing);
  one->s.emplace(*only, lane_.settings->upstream_timeout, one->f.to_head);
  if (one->f.body_follows && !one->f.chunked) // most bodies are small and already here: then they leave with the head
    begin_body(*one, one->t.arrived_body());
  depart(std::move(one));
}

void passthrough::depart(passage_ptr one) {
  const auto sent = send_at_once(*one);
  if (!sent)
    return fail(*one, sent.error());
  if (!*sent || one->f.watch)
    return go_on(std::move(one));
  auto& s = *one->s;
  s.when_more([this, one = std::move(one)](std::expected<void, upstream::failure> come) mutable {
    take_answer(std::move(one), come);
  });
}

void passthrough::turn_away(const net::request& r, net::exchange& x, overload why) {
  log_access(note_access(*lane_.settings, r.head, {}), 503, "overload");
  const forward_report report{.reason = forward_reason::none, .detail = "overload"};
  const auto fields = std::string(report.fields({}).text()) + "Retry-After: 1\r\n";
  x.respond({.status = 503, .fields = fields, .rest = envelope(to_string(why)), .owner = nullptr});
}

// True when the whole request is on its way: it was all here, a connection was idle, and the kernel took it.
std::expected<bool, upstream::failure> passthrough::send_at_once(passage& p) {
  p.rest = p.f.text;
  if (p.f.body_follows || !p.s->open_now())
    return false;
  if (const auto sent = p.s->send_now(p.rest); !sent)
    return std::unexpected(sent.error());
  if (!p.rest.empty())
    return false;
  request_is_through(p);
  return true;
}

// What has been sent need not be kept until the answer comes. Small storage serves the next request.
void passthrough::request_is_through(passage& p) {
  p.s->request_is_whole();
  constexpr std::size_t kept_most = 4096;
  p.rest = {};
  p.f.text.clear();
  if (p.f.text.capacity() <= kept_most)
    spare_ = std::move(p.f.text);
  p.f.text = {};
  p.kept.hold(0);
}

void passthrough::begin_body(passage& p, std::string_view piece) {
  if (piece.empty())
    return;
  p.body_begun = true;
  p.f.text += piece;
  if (p.f.watch)
    p.f.watch->request_piece(piece);
  p.f.body_follows = !p.t.body_is_through();
}

void passthrough::take_answer(passage_ptr one, std::expected<void, upstream::failure> come) {
  const auto answered = come ? answer_at_once(*one) : std::unexpected(come.error());
  if (!answered && !one->answer_begun)
    return fail(*one, answered.error());
  if (!answered || !*answered)
    go_on(std::move(one));
}

// True when the whole answer is with the client, or the client gone: most answers come in one piece.
std::expected<bool, upstream::failure> passthrough::answer_at_once(passage& p) {
  const auto head = p.s->arrived_head();
  if (!head)
    return std::unexpected(head.error());
  if (!*head)
    return false;
  begin_answer(p, **head);
  const auto whole = add_arrived(p);
  return whole && *whole && p.t.finish_now();
}

void passthrough::go_on(passage_ptr one) {
  one->kept.hold(one->rest.size());
  lane_.tasks.start(forward(std::move(one)), "passing a request through");
}

net::task<> passthrough::forward(passage_ptr one) {
  auto& p = *one;
  if (p.f.body_follows && !p.f.chunked && !p.body_begun) {
    const auto piece = co_await p.t.read_body();
    if (!piece)
      co_return p.t.abort();
    begin_body(p, *piece);
    p.rest = p.f.text;
    p.kept.hold(p.rest.size());
  }
  if (!p.s->is_open() && !p.s->open_now())
    if (const auto opened = co_await p.s->open(); !opened)
      co_return fail(p, opened.error());
  bool whole = false;
  if (p.f.body_follows) {
    whole = co_await exchange_both_ways(p);
  } else {
    if (!p.rest.empty())
      if (const auto sent = co_await p.s->send(p.rest); !sent)
        co_return fail(p, sent.error());
    request_is_through(p);
    whole = co_await relay(p);
  }
  if (p.f.watch)
    co_await settle(*p.f.watch);
  if (whole)
    co_await p.t.finish();
  else
    give_up(p);
}

// The request's body and the answer at the same time: an instance may answer before it has read everything, and must
// not be made to wait until we have.
net::task<bool> passthrough::exchange_both_ways(passage& p) {
  auto relaying = [&]() -> net::task<bool> {
    const bool whole = co_await relay(p) && co_await p.t.flush();
    p.relay_ended = true;
    if (!p.t.body_is_through())
      p.t.stop_reading();
    p.s->stop_sending();
    co_return whole;
  };
  const auto [order, upload_threw, relay_threw, whole] =
      co_await asio::experimental::make_parallel_group(asio::co_spawn(lane_.ex, send_body(p), asio::deferred),
                                                       asio::co_spawn(lane_.ex, relaying(), asio::deferred))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable_t<net::executor>{});
  if (upload_threw)
    std::rethrow_exception(upload_threw);
  if (relay_threw)
    std::rethrow_exception(relay_threw);
  co_return whole;
}

// When the instance stops listening, its answer, or the lack of one, says the rest.
net::task<> passthrough::send_body(passage& p) {
  if (!co_await p.s->send(p.rest))
    co_return;
  for (;;) {
    const auto piece = co_await p.t.read_body();
    if (!piece) {
      if (!p.relay_ended)
        p.client_failed = piece.error();
      co_return p.s->cancel(); // the instance must see that the request is not whole
    }
    if (piece->empty())
      break;
    if (p.f.watch)
      p.f.watch->request_piece(*piece);
    if (!co_await p.s->send_piece(*piece, p.f.chunked))
      co_return;
  }
  if (p.f.chunked && !co_await p.s->send("0\r\n\r\n"))
    co_return;
  request_is_through(p);
}

// Hands the answer on. True when it is all through, or queued and due to leave with its end; false with
// `upstream_failed` set when there was none and the client may still be told, and false without it when the client has
// seen a part, or is gone. The turn stays: a piece that is being sent the other way is in its memory.
net::task<bool> passthrough::relay(passage& p) {
  if (!p.answer_begun) {
    const auto answer = co_await p.s->receive_head();
    if (!answer) {
      p.upstream_failed = answer.error();
      co_return false;
    }
    begin_answer(p, *answer);
  }
  if (p.f.watch)
    co_return co_await relay_watched(p);
  for (;;) {
    const auto whole = add_arrived(p);
    if (whole && *whole)
      co_return true;
    // What has come does not wait for what has not, and a client that has seen a part knows that it was not all.
    if (!co_await p.t.flush())
      co_return false;
    if (!whole || !co_await p.s->more()) {
      lane_.stats.pass_failed.add();
      co_return false;
    }
  }
}

// Queues what has come of the answer's body. True when that was the rest of it.
std::expected<bool, upstream::failure> passthrough::add_arrived(passage& p) {
  for (;;) {
    const auto piece = p.s->arrived();
    if (!piece)
      return std::unexpected(piece.error());
    if (piece->empty())
      return p.s->answer_is_through();
    p.t.add(*piece);
  }
}

void passthrough::begin_answer(passage& p, const upstream::stream_answer& answer) {
  p.answer_begun = true;
  log_access(p.f.note, answer.status, "passed");
  fields_.clear();
  append_relayed_fields(fields_, answer.fields);
  fields_ += forward_report{.reason = forward_reason::bypass, .status = answer.status}.fields({}).text();
  net::stream_head head{answer.status, answer.reason, fields_, boost::none, answer.has_body};
  if (answer.content_length)
    head.content_length = *answer.content_length;
  p.t.begin(head);
  if (!p.f.watch)
    return;
  const auto coding = std::ranges::find(answer.fields, http::field::content_encoding, &net::field::id);
  p.f.watch->answered(answer.status, coding == answer.fields.end() ? std::string_view() : coding->value);
}

void passthrough::give_up(passage& p) {
  if (!p.upstream_failed)
    return p.t.abort(); // the client has seen a part, or is gone
  if (!p.client_failed)
    return fail(p, *p.upstream_failed);
  refuse(p, *p.client_failed);
}

void passthrough::refuse(passage& p, net::framing_error why) {
  lane_.stats.bad_requests.add();
  if (why == net::framing_error::malformed)
    return p.t.abort(); // it left
  p.t.respond({.status = net::status_of(why), .fields = {}, .rest = envelope(to_string(why)), .owner = nullptr});
}

void passthrough::fail(passage& p, upstream::failure why) {
  lane_.stats.pass_failed.add();
  const auto status = status_of(why);
  const forward_report report{.reason = forward_reason::bypass, .detail = label_of(why)};
  log_access(p.f.note, status, label_of(why));
  p.t.respond(
      {.status = status, .fields = report.fields({}).text(), .rest = envelope(to_string(why)), .owner = nullptr});
}

} // namespace rollcall::gateway
