#include "rollcall/gateway/source.hpp"

#include "rollcall/gateway/replies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace rollcall::gateway {

namespace {

bool may_be_stored_as(std::string_view content_type) {
  return content_type.size() <= 200 && std::ranges::all_of(content_type, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// A coding that nobody asked for still has to be named, or the body is noise.
std::string rest_of(const upstream::fetched& f) {
  const auto rest = whole_body(f.content_type, f.body);
  return f.content_encoding.empty() ? rest : fmt::format("Content-Encoding: {}\r\n{}", f.content_encoding, rest);
}

} // namespace

net::task<outcome> source::obtain(question q) {
  // Between the look into memory and the start of this flight, an earlier one may have landed.
  const auto now = cache::wall_now();
  if (auto e = lane_.shared.memory.find(q.id, now);
      e && cache::judge(*e, lane_.shared.windows, now) == cache::verdict::fresh) {
    lane_.stats.hits_memory.add();
    co_return stored{.entry = std::move(e), .from = origin::memory};
  }
  auto stale = q.stale;
  if (lane_.store)
    if (const auto e = co_await look_in_redis(q, stale))
      co_return stored{.entry = e, .from = origin::redis};
  co_return co_await ask_upstream(q, std::move(stale));
}

// A fresh entry from Redis, which memory keeps from now on; otherwise null. A stale one becomes `stale` when it is
// younger than that.
net::task<cache::entry_ptr> source::look_in_redis(const question& q, cache::entry_ptr& stale) {
  const auto now = cache::wall_now();
  const auto found = co_await lane_.store->get(q.id, now, net::steady_clock::now() + lane_.shared.redis_timeout);
  if (!found.entry)
    co_return nullptr;
  if (cache::judge(*found.entry, lane_.shared.windows, now) == cache::verdict::fresh) {
    lane_.stats.hits_redis.add();
    lane_.shared.memory.insert(found.entry, now);
    co_return found.entry;
  }
  if (!stale || stale->fetched_at < found.entry->fetched_at)
    stale = found.entry;
  co_return nullptr;
}

net::task<outcome> source::ask_upstream(const question& q, cache::entry_ptr stale) {
  lane_.stats.fetches.add();
  const auto began = net::steady_clock::now();
  const auto asked_at = cache::wall_now();
  auto answer = co_await upstream::fetch(lane_.pool, q.request, lane_.shared.upstream_timeout);
  lane_.stats.fetch_seconds.observe(net::steady_clock::now() - began);
  if (answer)
    co_return judge_answer(q, std::move(*answer), asked_at, stale);
  const auto why = answer.error();
  lane_.stats.fetch_failures[static_cast<std::size_t>(why) - 1].add();
  co_return instead(stale, {.detail = upstream::label_of(why)}, std::string(to_string(why)), status_of(why));
}

// Only a whole, valid success is stored. Whatever else the instance said in the platform's own words is handed on as it
// is; what a bot could not read is not.
outcome source::judge_answer(const question& q, upstream::fetched f, cache::time_point asked_at,
                             const cache::entry_ptr& stale) {
  forward_report report{.reason = stale ? forward_reason::stale : forward_reason::miss, .status = f.status};
  const bool plain = f.content_encoding.empty() || f.content_encoding == "identity";
  const auto said = plain ? answers_.classify({f.body.data(), f.body.size()}) : api::answer{};
  if (f.status == 200 && said.kind == api::answer_kind::success) {
    lane_.stats.fetched.add();
    report.stored = true;
    return stored{.entry = keep(q, f, asked_at), .report = report};
  }
  // A failure never displaces a good list (and 408 and 429 are the instance's trouble, not the request's).
  const bool refused = f.status >= 400 && f.status < 500 && f.status != 408 && f.status != 429;
  const bool readable = said.kind != api::answer_kind::unreadable;
  const bool odd = f.status == 200 && said.kind == api::answer_kind::odd;
  if (refused || odd || (readable && !stale)) {
    lane_.stats.relayed.add();
    return relayed{f.status, rest_of(f), report};
  }
  report.detail = f.status != 200 ? "http-error" : readable ? "business-failure" : "unreadable";
  auto message = f.status != 200 ? fmt::format("the upstream instance answered with HTTP status {}", f.status)
                                 : std::string("the upstream instance's answer could not be read");
  return instead(stale, report, std::move(message), 502);
}

// The last good answer where there is one, or the error.
outcome source::instead(const cache::entry_ptr& stale, forward_report report, std::string message, unsigned status) {
  const auto now = cache::wall_now();
  if (stale && cache::judge(*stale, lane_.shared.windows, now) != cache::verdict::expired) {
    lane_.stats.stale_on_error.add();
    report.reason = forward_reason::stale;
    report.served = stale.get();
    return stored{.entry = stale, .report = report};
  }
  lane_.stats.failed.add();
  return failed{status, std::move(message), report};
}

// Its age counts from the question, not from the last byte of the answer (RFC 9111 section 4.2.3).
cache::entry_ptr source::keep(const question& q, const upstream::fetched& f, cache::time_point asked_at) {
  const double spread = std::uniform_real_distribution<>(0, 1)(lane_.random);
  const auto life = cache::lifetime_of(lane_.shared.windows, asked_at, spread);
  auto e = std::make_shared<cache::entry>();
  e->id = q.id;
  e->version = lane_.random();
  e->fetched_at = asked_at;
  e->fresh_until = life.fresh_until;
  e->serve_until = life.serve_until;
  e->content_type = may_be_stored_as(f.content_type) ? f.content_type : "application/json";
  e->plain = std::make_shared<const cache::variant>(e->content_type, "", f.body);
  lane_.shared.memory.insert(e, cache::wall_now());
  lane_.tasks.start(keep_in_redis(e), "storing an answer");
  return e;
}

// After the answer: nobody waits for compression, nor for Redis.
net::task<> source::keep_in_redis(cache::entry_ptr e) {
  const auto packed = co_await lane_.shared.gzip.with_gzip(e);
  if (packed != e)
    lane_.shared.memory.replace(packed);
  if (lane_.store)
    co_await lane_.store->put(packed, cache::wall_now(), net::steady_clock::now() + lane_.shared.redis_timeout);
}

} // namespace rollcall::gateway
