// Where a request goes that is passed through, when there are several instances: to the one that its account lives on.
#include "rollcall/gateway/access_log.hpp"
#include "rollcall/gateway/cache_status.hpp"
#include "rollcall/gateway/passthrough.hpp"
#include "rollcall/gateway/replies.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::gateway {

void passthrough::address(passage_ptr one, const net::request& r, body_framing framing) {
  auto& p = *one;
  p.looking.emplace(search{.head = unaddressed_head(r.head, framing), .scanner = {}, .read = {}});
  if (!search_at_once(p, r.body))
    return lane_.tasks.start(search_on(std::move(one)), "passing a request through");
  if (set_course(p))
    depart(std::move(one));
}

// What is here already may do. False when more of the body has to come.
bool passthrough::search_at_once(passage& p, std::string_view given) {
  auto& l = *p.looking;
  l.read = given;
  if (p.f.body_follows && !p.f.chunked) {
    l.read = p.t.arrived_body();
    p.f.body_follows = !p.t.body_is_through();
  }
  return l.scanner.scan(l.read) != api::account_scanner::verdict::more || !p.f.body_follows;
}

// What is read to find the account is kept, and leaves with the head as it came.
net::task<> passthrough::search_on(passage_ptr one) {
  auto& p = *one;
  auto& l = *p.looking;
  while (p.f.body_follows && l.scanner.result() == api::account_scanner::verdict::more &&
         l.read.size() < searched_most) {
    const auto piece = co_await p.t.read_body();
    if (!piece)
      co_return refuse(p, piece.error());
    l.read += *piece;
    p.kept.hold(l.read.size());
    l.scanner.scan(*piece);
    p.f.body_follows = !p.t.body_is_through();
  }
  if (set_course(p)) {
    p.rest = p.f.text;
    p.kept.hold(p.rest.size());
    co_await forward(std::move(one));
  }
}

// False when it is answered already, because it can go nowhere. A request that names an account goes to that account's
// instance or to none: another one does not know the login, and what it says of it would mislead. For that reason it
// is not sent to just any instance either while its account may still be in the rest.
bool passthrough::set_course(passage& p) {
  auto& l = *p.looking;
  upstream::pool* to = nullptr;
  if (l.scanner.result() == api::account_scanner::verdict::found) {
    const auto home = lane_.upstreams.home_of(l.scanner.w_id());
    if (!home) {
      fail(p, home.error());
      return false;
    }
    to = lane_.upstreams.all()[*home].get();
  } else if (l.scanner.result() == api::account_scanner::verdict::more && p.f.body_follows) {
    lane_.stats.bad_requests.add();
    log_access(p.f.note, 413, "no-account");
    p.t.respond({.status = 413,
                 .fields = {},
                 .rest = envelope(fmt::format("several instances are served here, and no wId is among the first {} KiB "
                                              "of the body: put it before what is long",
                                              searched_most / 1024)),
                 .owner = nullptr});
    return false;
  } else {
    to = &lane_.upstreams.for_anybody();
  }
  p.s.emplace(*to, lane_.settings->upstream_timeout, p.f.to_head);
  p.f.text = l.head.addressed(to->target());
  p.body_begun = !l.read.empty();
  if (p.f.watch && p.body_begun)
    p.f.watch->request_piece(l.read);
  if (p.f.chunked && p.body_begun)
    p.f.text += fmt::format("{:x}\r\n", l.read.size());
  p.f.text += l.read;
  if (p.f.chunked && p.body_begun)
    p.f.text += "\r\n";
  if (p.f.chunked && !p.f.body_follows)
    p.f.text += "0\r\n\r\n";
  p.looking.reset();
  return true;
}

} // namespace rollcall::gateway
