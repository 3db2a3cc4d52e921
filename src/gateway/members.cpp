// The cached route as a client sees it: reading the request, the hit path, and writing whatever answer was found.
#include "rollcall/gateway/members.hpp"

#include "rollcall/gateway/directives.hpp"
#include "rollcall/gateway/replies.hpp"
#include "rollcall/net/http_text.hpp"
#include "rollcall/net/outbox.hpp"

#include <fmt/format.h>

#include <type_traits>

namespace rollcall::gateway {

namespace http = boost::beast::http;

namespace {

bool wants_gzip(const net::request_head& head) {
  const auto* f = head.find(http::field::accept_encoding);
  return f && net::accepts_gzip(f->value);
}

// Whether the body is not what it is read as, but something that the upstream may understand.
bool has_coded_body(const net::request_head& head) {
  const auto* f = head.find(http::field::content_encoding);
  return f && !net::iequals(f->value, "identity");
}

/// The one credential of a request. Several are ambiguous: only the upstream may say which counts.
struct credential {
  const net::field* field = nullptr;
  bool ambiguous = false;
};
credential credential_of(const net::request_head& head) {
  credential found;
  if (!head.may_have(http::field::authorization))
    return found;
  for (const auto& f : head.fields)
    if (f.id == http::field::authorization) {
      found.ambiguous = found.field != nullptr;
      found.field = &f;
    }
  return found;
}

// A stored entry as a response: its representation bytes go out as they are.
net::response response_of(const cache::entry_ptr& e, bool gzip, field_lines& fields) {
  const auto& variant = gzip && e->gzip ? e->gzip : e->plain;
  const auto bytes = variant->bytes();
  fields.add_shared(*variant);
  const auto place = variant->place();
  return {.status = 200,
          .fields = fields.text(),
          .rest = bytes,
          .owner = bytes.size() > net::outbox::copied_most ? e : nullptr,
          .file = place.file,
          .offset = place.offset};
}

} // namespace

void members::serve(const net::request& r, net::exchange& x) {
  if (has_coded_body(r.head))
    return others_.serve(r, x);
  const auto parsed = queries_.parse({r.body.data(), r.body.size()});
  if (const auto* broken = std::get_if<api::query_error>(&parsed)) {
    lane_.stats.bad_requests.add();
    log_access(note_access(*lane_.settings, r.head, {}), 400, "refused");
    return x.respond({.status = 400, .fields = {}, .rest = envelope(api::to_string(*broken)), .owner = nullptr});
  }
  const auto who = credential_of(r.head);
  if (who.ambiguous || std::holds_alternative<api::pass_through>(parsed))
    return others_.serve(r, x);
  const auto& query = std::get<api::query>(parsed);
  if (query.w_id.size() > cache::cached_part_most || query.room.size() > cache::cached_part_most)
    return others_.serve(r, x);

  const auto fingerprint = who.field ? fingerprints_.of(who.field->value) : cache::no_credential;
  id_.assign(fingerprint, api::to_string(query.field), query.w_id, query.room);
  const bool gzip = wants_gzip(r.head);
  const auto wants = directives_of(r.head);
  const auto now = cache::wall_now();
  auto seen = look_in_memory(wants, now);
  if (seen.what != cache::decision::ask) {
    log_access(note_access(*lane_.settings, r.head, id_.text()), 200, seen.fresh ? "memory" : "stale");
    if (!seen.fresh)
      lane_.stats.hits_stale.add();
    answer_hit(seen.entry, gzip, now, x);
    if (seen.what == cache::decision::serve_and_refresh)
      refresh_later(r, query, std::move(seen.entry));
    return;
  }
  asker a{gzip, note_access(*lane_.settings, r.head, id_.text())};
  if (seen.failure && seen.failure->what && !seen.entry && seen.failure->asked_at >= cache::oldest_wanted(wants, now)) {
    lane_.stats.hits_failure.add();
    return respond(x.take(), a, {.result = seen.failure->what, .remembered = true});
  }
  auto q = question_of(r, query, wants);
  if (wants.only_if_cached)
    lane_.tasks.start(answer_from_stores(x.take(), std::move(q), std::move(a)), "answering from what is stored");
  else
    answer_later(x.take(), std::move(q), std::move(a));
}

// Of the request whose identity is id_.
members::sight members::look_in_memory(const cache::directives& wants, cache::time_point now) {
  auto& lists = lane_.shared.lists;
  auto held = lists.memory.find(id_, now);
  sight s{.entry = std::move(held.entry)};
  cache::circumstances c{.now = now, .unverified = held.suspect && lane_.redis_usable()};
  s.fresh = s.entry && cache::judge(*s.entry, lane_.settings->windows, now) == cache::verdict::fresh;
  if (s.fresh) {
    c.random = lane_.uniform();
    s.what = cache::decide(s.entry.get(), lane_.settings->windows, wants, c);
    if (s.what == cache::decision::serve)
      return s; // it need not know of failures
  }
  s.failure = lists.failures.find(id_, now);
  if (s.failure)
    c.failed_at = s.failure->asked_at;
  s.what = cache::decide(s.entry.get(), lane_.settings->windows, wants, c);
  return s;
}

// At most one for an identity: when there is a flight already, that one will do. Whether the entry is still there is
// looked up once more, now that the flight can be severed: a purge may have come since.
void members::refresh_later(const net::request& r, const api::query& query, cache::entry_ptr known) {
  auto lead = lane_.shared.lists.flights.lead(id_);
  if (!lead)
    return;
  const auto held = lane_.shared.lists.memory.find(id_, cache::wall_now()).entry;
  if (held && held->version == known->version)
    lane_.tasks.start(fly(question_of(r, query, {}), std::move(*lead), source::renewal{std::move(known), {}}),
                      "renewing a list");
}

question members::question_of(const net::request& r, const api::query& query, const cache::directives& wants) const {
  question q{.id = id_,
             .w_id = std::string(query.w_id),
             .request = {std::string(path), std::nullopt, api::canonical_body(query)},
             .wants = wants,
             .settings = lane_.settings};
  if (const auto who = credential_of(r.head); who.field)
    q.request.credential = std::string(who.field->value);
  return q;
}

void members::answer_hit(const cache::entry_ptr& e, bool gzip, cache::time_point now, net::exchange& x) {
  lane_.stats.hits_memory.add();
  auto fields = hit_fields(*e, now, "memory");
  x.respond(response_of(e, gzip, fields));
}

net::task<> members::answer_from_stores(net::turn t, question q, asker who) {
  respond(std::move(t), who, {.result = co_await source_.find_stored(q)});
}

void members::respond(net::turn t, const asker& who, const answer& a) {
  const auto now = cache::wall_now();
  const auto reported = [&](forward_report report) {
    report.collapsed = a.collapsed;
    return report.fields(now);
  };
  const auto word = [&](std::string_view own) { return a.collapsed ? std::string_view("collapsed") : own; };
  if (const auto* s = std::get_if<stored>(a.result.get())) {
    const bool asked = s->from == origin::upstream;
    const auto store = s->from == origin::redis ? std::string_view("redis") : std::string_view("memory");
    auto fields = asked ? reported(s->report) : hit_fields(*s->entry, now, store);
    log_access(who.note, 200, word(!asked ? store : s->report.served ? "stale" : "stored"));
    return t.respond(response_of(s->entry, who.gzip, fields));
  }
  if (const auto* r = std::get_if<relayed>(a.result.get()); r && a.remembered) {
    log_access(who.note, r->status, "remembered");
    return t.respond({.status = r->status,
                      .fields = remembered_fields(r->asked_at, now).text(),
                      .rest = r->rest,
                      .owner = a.result});
  } else if (r) {
    log_access(who.note, r->status, word("relayed"));
    return t.respond({.status = r->status, .fields = reported(r->report).text(), .rest = r->rest, .owner = a.result});
  }
  const auto& f = std::get<failed>(*a.result);
  log_access(who.note, f.status, f.report.detail);
  auto fields = std::string(reported(f.report).text());
  if (f.status == 503)
    fields += fmt::format("Retry-After: {}\r\n", f.retry_after.count());
  t.respond({.status = f.status, .fields = fields, .rest = envelope(f.message), .owner = nullptr});
}

} // namespace rollcall::gateway
