// The call to the upstream, and what becomes of its answer.
#include "rollcall/gateway/replies.hpp"
#include "rollcall/gateway/source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::gateway {

struct source::asking {
  net::steady_clock::time_point began;
  cache::time_point at;
  cache::memory::stamp_type stamp;
  cache::remembered<outcome>::stamp_type failure_stamp;
};

namespace {

// How long a stale list is served without another attempt, at least, once there was no turn for one.
constexpr std::chrono::milliseconds refusal_pause_least{100};

bool may_be_stored_as(std::string_view content_type) {
  return content_type.size() <= 200 && std::ranges::all_of(content_type, [](char c) { return c >= 0x20 && c < 0x7f; });
}

} // namespace

upstream::fetch_request source::counted(upstream::fetch_request r) const {
  r.bytes = &lane_.shared.load.bytes();
  return r;
}

// The lease is given back when this ends without a list: another gateway may try.
net::task<outcome_ptr> source::ask_upstream(const question& q, cache::entry_ptr stale, held_lease lease,
                                            upstream::urgency who) {
  const auto place = lane_.shared.load.enter();
  if (!place) // which is no failure of the instance's, and so not remembered
    co_return std::make_shared<const outcome>(turned_away(q, stale, place.error()));
  auto& shield = lane_.shared.shield;
  const auto home = lane_.upstreams.home_of(q.w_id);
  const auto deadline = net::steady_clock::now() + q.settings->upstream_timeout;
  upstream::shielded_call call{home.value_or(0), q.w_id, who, deadline};
  upstream::pass pass;
  if (home) {
    auto admitted = co_await shield.enter({call.instance, call.w_id, who, deadline}, lane_.ex);
    if (!admitted)
      co_return held_back(q, stale, admitted.error(), who);
    pass = std::move(*admitted);
  }
  auto& lists = lane_.shared.lists;
  const asking at{net::steady_clock::now(), cache::wall_now(), lists.memory.stamp(), lists.failures.stamp()};
  std::expected<upstream::fetched, upstream::failure> answer;
  if (!home)
    answer = std::unexpected(home.error());
  else
    answer = co_await upstream::fetch(shield, std::move(pass), *lane_.upstreams.all()[*home], counted(q.request),
                                      std::move(call));
  outcome o;
  if (answer) {
    o = judge_answer(q, std::move(*answer), at, stale, lease);
  } else {
    const auto why = answer.error();
    const auto reason = q.wants.max_age ? forward_reason::request : forward_reason::miss;
    o = instead(q, stale, {.reason = reason, .detail = upstream::label_of(why)}, std::string(to_string(why)),
                status_of(why));
  }
  auto result = std::make_shared<const outcome>(std::move(o));
  remember(q, result, at, stale != nullptr);
  co_return result;
}

outcome source::turned_away(const question& q, const cache::entry_ptr& stale, overload why) {
  const auto reason = q.wants.max_age ? forward_reason::request : forward_reason::miss;
  return instead(q, stale, {.reason = reason, .detail = "overload"}, std::string(to_string(why)), 503);
}

// Only a whole, valid success is stored. Whatever else the instance said in the platform's own words is handed on as it
// is; what a bot could not read is not.
outcome source::judge_answer(const question& q, upstream::fetched f, const asking& at, const cache::entry_ptr& stale,
                             held_lease& lease) {
  const auto reason = q.wants.max_age ? forward_reason::request : stale ? forward_reason::stale : forward_reason::miss;
  forward_report report{.reason = reason, .status = f.status};
  const bool plain = f.content_encoding.empty() || f.content_encoding == "identity";
  const auto said = plain ? answers_.classify({f.body.data(), f.body.size()}) : api::answer{};
  if (f.status == 200 && said.kind == api::answer_kind::success) {
    lane_.stats.fetched.add();
    return keep(q, f, at, lease, report);
  }
  // A failure never displaces a good list (and 408 and 429 are the instance's trouble, not the request's).
  const bool refused = f.status >= 400 && f.status < 500 && f.status != 408 && f.status != 429;
  const bool readable = said.kind != api::answer_kind::unreadable;
  const bool odd = f.status == 200 && said.kind == api::answer_kind::odd;
  if (refused || odd || (readable && !stale)) {
    lane_.stats.relayed.add();
    return relayed{f.status, whole_body(f.content_type, f.content_encoding, f.body), report, at.at};
  }
  report.detail = f.status != 200 ? "http-error" : readable ? "business-failure" : "unreadable";
  auto message = f.status != 200 ? fmt::format("the upstream instance answered with HTTP status {}", f.status)
                                 : std::string("the upstream instance's answer could not be read");
  return instead(q, stale, report, std::move(message), 502);
}

// Nothing is wrong with the instance, so nothing is remembered, but that a stale list need not be asked for again at
// once. Who waits for a renewal that does not take place asks for himself.
outcome_ptr source::held_back(const question& q, const cache::entry_ptr& stale, upstream::refusal why,
                              upstream::urgency who) {
  using std::chrono::milliseconds;
  const auto after = std::chrono::ceil<milliseconds>(why.retry_after);
  if (stale)
    leave_alone(q, std::clamp(after, refusal_pause_least, std::max(q.settings->failure, refusal_pause_least)));
  if (who == upstream::urgency::refresh)
    return nullptr;
  const bool paced = why.why == upstream::refusal_reason::paced;
  const auto now = cache::wall_now();
  forward_report report{.reason = forward_reason::none, .detail = paced ? "paced" : "overload"};
  if (stale && cache::judge(*stale, q.settings->windows, now) != cache::verdict::expired) {
    lane_.stats.shielded_stale.add();
    report.served = stale.get();
    return std::make_shared<const outcome>(stored{.entry = stale, .report = report});
  }
  lane_.stats.shielded.add();
  const auto* const message = paced ? "this account's calls are spaced out, try again later"
                                    : "the upstream instance has too much to do, try again later";
  const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(why.retry_after), std::chrono::seconds(1));
  return std::make_shared<const outcome>(failed{503, message, report, seconds});
}

// The last good answer where there is one, or the error.
outcome source::instead(const question& q, const cache::entry_ptr& stale, forward_report report, std::string message,
                        unsigned status) {
  const auto now = cache::wall_now();
  if (stale && cache::judge(*stale, q.settings->windows, now) != cache::verdict::expired) {
    lane_.stats.stale_on_error.add();
    if (report.reason != forward_reason::request)
      report.reason = forward_reason::stale;
    report.served = stale.get();
    return stored{.entry = stale, .report = report};
  }
  lane_.stats.failed.add();
  return failed{status, std::move(message), report};
}

// What the platform said in its own words, and is not for storing, is the answer for a while. That there was no such
// answer is remembered where a stale one can be served meanwhile; where there is none, the next asker tries again.
void source::remember(const question& q, const outcome_ptr& what, const asking& at, bool had_stale) {
  if (q.wants.no_store)
    return;
  const auto now = cache::wall_now();
  const auto note = [&](outcome_ptr result, std::size_t bytes) {
    lane_.shared.lists.failures.remember(q.id, {std::move(result), at.at}, now, now + q.settings->failure, bytes,
                                         at.failure_stamp);
  };
  if (const auto* r = std::get_if<relayed>(what.get()); r && r->status == 200)
    return note(what, r->rest.size());
  const auto* s = std::get_if<stored>(what.get());
  if (s && !s->report.served)
    return lane_.shared.lists.failures.forget(q.id);
  if (had_stale)
    note(nullptr, 0);
}

// Its age counts from the question, not from the last byte of the answer (RFC 9111 section 4.2.3).
stored source::keep(const question& q, const upstream::fetched& f, const asking& at, held_lease& lease,
                    forward_report report) {
  const auto life = cache::lifetime_of(q.settings->windows, at.at, lane_.uniform());
  auto e = std::make_shared<cache::entry>();
  e->id = q.id;
  e->version = lane_.random();
  e->fetched_at = at.at;
  e->fresh_until = life.fresh_until;
  e->serve_until = life.serve_until;
  e->took = std::chrono::ceil<cache::milliseconds>(net::steady_clock::now() - at.began);
  const auto type = may_be_stored_as(f.content_type) ? std::string_view(f.content_type) : "application/json";
  e->plain = cache::variant::make(type, "", f.body);
  if (!q.wants.no_store) {
    // A purge since the question keeps it out: those who asked before may have it, nobody else.
    const auto kept = lane_.shared.lists.memory.insert(e, cache::wall_now(), at.stamp);
    // Memory knows only the latest purges, and counts older questions as purged when there were many; but if the lease
    // is still ours, this was not.
    report.stored = lease || (kept != cache::keeping::fenced && kept != cache::keeping::refused);
    if (report.stored)
      lane_.tasks.start(keep_in_redis(e, std::move(lease)), "storing an answer");
  }
  return {.entry = std::move(e), .report = report};
}

// After the answer: nobody waits for compression, nor for Redis.
net::task<> source::keep_in_redis(cache::entry_ptr e, held_lease lease) {
  auto& memory = lane_.shared.lists.memory;
  const auto packed = co_await lane_.shared.gzip.with_gzip(e);
  if (packed != e)
    memory.replace(packed);
  if (!lease || !lane_.redis_usable())
    co_return;
  const auto by = net::steady_clock::now() + lane_.settings->redis_timeout;
  switch (co_await lane_.store->put(lease.lease(), packed, cache::wall_now(), by)) {
  case redis::lease_outcome::done:
    lease.forget();
    break;
  case redis::lease_outcome::lost:
    // It was purged, or somebody else has fetched it since: nobody may take ours for what the fleet has.
    lease.forget();
    memory.suspect(e->id);
    break;
  case redis::lease_outcome::unavailable:
    break;
  }
}

} // namespace rollcall::gateway
