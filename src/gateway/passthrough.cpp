#include "rollcall/gateway/passthrough.hpp"

#include "rollcall/gateway/cache_status.hpp"
#include "rollcall/gateway/forwarding.hpp"
#include "rollcall/gateway/replies.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <exception>

namespace rollcall::gateway {

namespace asio = boost::asio;
namespace http = boost::beast::http;

struct passthrough::dropping {
  explicit dropping(const net::executor& ex) : over(ex) {}
  net::timer over;
  bool done = false;
  bool outrun = false; // the answer did not wait for it
};

void passthrough::serve(const net::request& r, net::exchange& x) {
  const auto& head = r.head;
  forwarded f;
  f.to_head = head.method == http::verb::head;
  f.note = note_access(lane_.shared, head, {});
  if (head.method == http::verb::post && lane_.shared.writes.contains(head.path()))
    f.watch = std::make_shared<write_watch>();
  if (r.body.empty()) {
    f.chunked = head.chunked;
    f.body_follows = head.has_body();
    std::optional<std::uint64_t> length;
    if (head.content_length)
      length = *head.content_length;
    f.text = forwarded_head(head, lane_.pool.target(), {head.chunked, length});
  } else { // the route wanted to see it first, and it is here
    f.text = forwarded_head(head, lane_.pool.target(), {false, r.body.size()});
    f.text += r.body;
  }
  lane_.tasks.start(forward(x.take(), std::move(f)), "passing a request through");
}

net::task<> passthrough::forward(net::turn t, forwarded f) {
  lane_.stats.passed.add();
  upstream::stream s(lane_.pool, lane_.shared.upstream_timeout);
  if (f.body_follows && !f.chunked) {
    // Most bodies are small and already here: then head and body leave in one write.
    const auto piece = co_await t.read_body();
    if (!piece)
      co_return t.abort();
    f.text += *piece;
    if (f.watch)
      f.watch->request_piece(*piece);
    f.body_follows = !t.body_is_through();
  }
  if (const auto opened = co_await s.open(); !opened)
    co_return fail(std::move(t), f, opened.error());
  if (f.body_follows)
    co_return co_await exchange_both_ways(std::move(t), std::move(f), s);

  progress p;
  if (const auto sent = co_await s.send(f.text); !sent)
    co_return fail(std::move(t), f, sent.error());
  s.request_is_whole();
  const bool whole = co_await relay(t, s, f, p);
  co_await conclude(std::move(t), f, p, whole);
}

// The request's body and the answer at the same time: an instance may answer before it has read everything, and must
// not be made to wait until we have.
net::task<> passthrough::exchange_both_ways(net::turn t, forwarded f, upstream::stream& s) {
  progress p;
  auto relaying = [&]() -> net::task<bool> {
    const bool whole = co_await relay(t, s, f, p);
    p.relay_ended = true;
    if (!t.body_is_through())
      t.stop_reading();
    s.stop_sending();
    co_return whole;
  };
  const auto [order, upload_threw, relay_threw, whole] =
      co_await asio::experimental::make_parallel_group(asio::co_spawn(lane_.ex, send_body(t, s, f, p), asio::deferred),
                                                       asio::co_spawn(lane_.ex, relaying(), asio::deferred))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable_t<net::executor>{});
  if (upload_threw)
    std::rethrow_exception(upload_threw);
  if (relay_threw)
    std::rethrow_exception(relay_threw);
  co_await conclude(std::move(t), f, p, whole);
}

// When the instance stops listening, its answer, or the lack of one, says the rest.
net::task<> passthrough::send_body(net::turn& t, upstream::stream& s, const forwarded& f, progress& p) {
  if (!co_await s.send(f.text))
    co_return;
  for (;;) {
    const auto piece = co_await t.read_body();
    if (!piece) {
      if (!p.relay_ended)
        p.client_failed = piece.error();
      co_return s.cancel(); // the instance must see that the request is not whole
    }
    if (piece->empty())
      break;
    if (f.watch)
      f.watch->request_piece(*piece);
    if (!co_await s.send_piece(*piece, f.chunked))
      co_return;
  }
  if (f.chunked && !co_await s.send("0\r\n\r\n"))
    co_return;
  s.request_is_whole();
}

// Hands the answer on. True when it is all through; false with `upstream_failed` set when there was none and the client
// may still be told, and false without it when the client has seen a part, or is gone. The turn stays: a piece that is
// being sent the other way is in its memory.
net::task<bool> passthrough::relay(net::turn& t, upstream::stream& s, const forwarded& f, progress& p) {
  const auto answer = co_await s.receive_head(f.to_head);
  if (!answer) {
    p.upstream_failed = answer.error();
    co_return false;
  }
  auto fields = relayed_fields(*answer->fields);
  fields += forward_report{.reason = forward_reason::bypass, .status = answer->status}.fields({}).text();
  log_access(lane_.shared, f.note, answer->status, "passed");
  net::stream_head head{answer->status, answer->reason, fields, boost::none, answer->has_body};
  if (answer->content_length)
    head.content_length = *answer->content_length;
  if (f.watch) {
    const auto coding = answer->fields->find(http::field::content_encoding);
    f.watch->answered(answer->status,
                      coding == answer->fields->end() ? std::string_view() : std::string_view(coding->value()));
  }
  const bool whole = !head.has_body || head.content_length == std::uint64_t{0};
  if (f.watch && whole) { // there is no piece of it to keep back
    f.watch->answer_is_whole();
    co_await settle(f.watch);
  }
  if (!co_await t.start(head))
    co_return false;
  co_return co_await relay_body(t, s, f);
}

// The last piece of a watched write's answer stays here until what the write has changed is dropped; the others pass.
net::task<bool> passthrough::relay_body(net::turn& t, upstream::stream& s, const forwarded& f) {
  std::string last;
  for (;;) {
    const auto piece = co_await s.receive();
    if (!piece) {
      lane_.stats.pass_failed.add();
      co_return false;
    }
    if (piece->empty())
      break;
    if (f.watch) {
      f.watch->answer_piece(*piece);
      if (!last.empty() && !co_await t.write(last))
        co_return false;
      last.assign(*piece);
    } else if (!co_await t.write(*piece)) {
      co_return false;
    }
  }
  if (!f.watch)
    co_return true;
  f.watch->answer_is_whole();
  co_await settle(f.watch);
  co_return last.empty() || co_await t.write(last);
}

// Here at once; in Redis within the time that a request may spend on it, or else in the background.
net::task<> passthrough::settle(std::shared_ptr<write_watch> write) {
  if (!write || write->settled())
    co_return;
  const auto dropped = write->dropped_by(changes_, answers_);
  if (!dropped)
    co_return;
  lane_.stats.purges_by_writes.add();
  const auto w = std::make_shared<dropping>(lane_.ex);
  w->over.expires_after(lane_.shared.redis_timeout);
  lane_.tasks.start(drop(*dropped, w), "dropping what a write has changed");
  if (!w->done)
    co_await w->over.async_wait(net::no_throw);
  if (w->done)
    co_return;
  w->outrun = true;
  lane_.shared.purges.outrun(*dropped);
}

net::task<> passthrough::drop(cache::scope s, std::shared_ptr<dropping> w) {
  const struct ending { // however it ends
    ~ending() {
      w.done = true;
      if (w.outrun)
        to.caught_up();
      w.over.cancel();
    }
    dropping& w;
    purges& to;
  } end{*w, lane_.shared.purges};
  co_await lane_.shared.purges.purge(std::move(s));
}

// Of an exchange whose answer is all through, or is not.
net::task<> passthrough::conclude(net::turn t, const forwarded& f, const progress& p, bool whole) {
  co_await settle(f.watch);
  if (whole)
    co_await t.finish();
  else
    give_up(std::move(t), f, p);
}

void passthrough::give_up(net::turn t, const forwarded& f, const progress& p) {
  if (!p.upstream_failed)
    return t.abort(); // the client has seen a part, or is gone
  if (!p.client_failed)
    return fail(std::move(t), f, *p.upstream_failed);
  lane_.stats.bad_requests.add();
  if (*p.client_failed == net::framing_error::malformed)
    return t.abort(); // it left
  t.respond({.status = net::status_of(*p.client_failed),
             .fields = {},
             .rest = envelope(to_string(*p.client_failed)),
             .owner = nullptr});
}

void passthrough::fail(net::turn t, const forwarded& f, upstream::failure why) {
  lane_.stats.pass_failed.add();
  const auto status = status_of(why);
  const forward_report report{.reason = forward_reason::bypass, .detail = label_of(why)};
  log_access(lane_.shared, f.note, status, label_of(why));
  t.respond({.status = status, .fields = report.fields({}).text(), .rest = envelope(to_string(why)), .owner = nullptr});
}

} // namespace rollcall::gateway
