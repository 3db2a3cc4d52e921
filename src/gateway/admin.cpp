#include "rollcall/gateway/admin.hpp"

#include "rollcall/api/answer.hpp"
#include "rollcall/api/purge_request.hpp"
#include "rollcall/gateway/replies.hpp"
#include "rollcall/ops/version.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace rollcall::gateway {

namespace http = boost::beast::http;
namespace json = boost::json;

namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Rollcall</title>
<h1>Rollcall</h1>
<p>The admin port of a caching front door for WeChat bots.</p>
<ul>
<li><a href="/healthz">/healthz</a> the process is alive
<li><a href="/readyz">/readyz</a> it takes requests; 503 while it drains
<li><a href="/status">/status</a> what it is doing, as JSON
<li><a href="/metrics">/metrics</a> the same for Prometheus
<li>POST /purge <code>{"wId": "...", "wcId": "..."}</code> (either or both) drops lists, here and in the whole fleet
<li>POST /events takes the platform's callbacks
</ul>
)";

constexpr std::string_view text_type = "text/plain;charset=UTF-8";

template <class Read>
std::uint64_t sum(const std::vector<std::unique_ptr<lane>>& lanes, Read read) {
  std::uint64_t total = 0;
  for (const auto& l : lanes)
    total += read(*l);
  return total;
}

std::string utc(std::chrono::system_clock::time_point t) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(std::chrono::floor<std::chrono::seconds>(t)));
}

json::object told_of(const configuration_status& c) {
  return {{"loaded", utc(c.loaded)},
          {"reloads", c.reloads.get()},
          {"refusals", c.refusals.get()},
          {"last_error", c.error.empty() ? json::value() : json::value(c.error)},
          {"needs_restart", json::array(c.needs_restart.begin(), c.needs_restart.end())}};
}

json::array masters_json(const redis::tracking& t) {
  json::array all;
  for (const auto& s : t.servers())
    all.push_back({{"server", s.name}, {"tracked", s.up}});
  return all;
}

json::object told_of(const upstream::health::report& h) {
  json::object all{{"state", h.ejected        ? "ejected"
                             : h.failures > 0 ? "failing"
                                              : "well"},
                   {"failures_in_a_row", h.failures},
                   {"ejections", h.ejections}};
  if (h.ejected) {
    const auto left = std::chrono::ceil<std::chrono::system_clock::duration>(h.until - net::steady_clock::now());
    all["ejected_until"] = utc(std::chrono::system_clock::now() + left);
  }
  if (!h.last_failure.empty())
    all["last_failure"] = h.last_failure;
  return all;
}

// The lanes have the same instances in the same order.
json::array instances_json(const std::vector<std::unique_ptr<lane>>& lanes) {
  json::array all;
  const auto& pools = lanes.front()->upstreams().all();
  for (std::size_t i = 0; i < pools.size(); ++i) {
    const auto count = [&](const ops::counter upstream::pool_stats::* which) {
      return sum(lanes, [&](const lane& l) { return (l.upstreams().all()[i]->stats().*which).get(); });
    };
    json::object one{{"instance", pools[i]->target().to_string()}};
    if (const auto* const condition = pools[i]->condition())
      for (const auto& [key, value] : told_of(condition->now()))
        one[key] = value;
    one["calls"] = count(&upstream::pool_stats::calls);
    one["in_flight"] = count(&upstream::pool_stats::open);
    one["idle_connections"] = count(&upstream::pool_stats::idle);
    all.push_back(std::move(one));
  }
  return all;
}

json::array shield_json(const upstream::shield& shield) {
  json::array all;
  for (std::size_t i = 0; i < shield.size(); ++i) {
    const auto now = shield.load(i);
    const auto& s = shield.stats(i);
    json::object refused;
    for (std::size_t r = 0; r < s.refused.size(); ++r)
      refused[to_string(static_cast<upstream::refusal_reason>(r + 1))] = s.refused[r].get();
    all.push_back({{"instance", shield.name(i)},
                   {"limit", now.limit},
                   {"running", now.running},
                   {"waiting", now.waiting},
                   {"latency_ms", std::chrono::round<std::chrono::milliseconds>(now.latency).count()},
                   {"admitted", s.admitted.get()},
                   {"waited", s.waited.get()},
                   {"skipped", s.skipped.get()},
                   {"refused", std::move(refused)},
                   {"retries", s.retries.get()},
                   {"retries_denied", s.retries_denied.get()}});
  }
  return all;
}

std::uint64_t calls_of(const std::vector<std::unique_ptr<lane>>& lanes) {
  return sum(lanes, [](const lane& l) {
    std::uint64_t calls = 0;
    for (const auto& each : l.upstreams().all())
      calls += each->stats().calls.get();
    return calls;
  });
}

} // namespace

std::string admin::status_json() const {
  const auto& lanes = status_.lanes;
  const auto count = [&](const ops::counter lane_stats::* which) {
    return sum(lanes, [which](const lane& l) { return (l.stats().*which).get(); });
  };
  const auto memory = status_.lists.memory.stats();
  const auto up = std::chrono::system_clock::now() - status_.started;
  json::object redis{{"url", status_.redis}};
  redis["connections"] =
      sum(lanes, [](const lane& l) { return l.redis_stats() ? l.redis_stats()->up.get() : std::uint64_t{0}; });
  redis["breakers_open"] =
      sum(lanes, [](const lane& l) { return l.redis_stats() ? l.redis_stats()->open.get() : std::uint64_t{0}; });
  if (status_.master) {
    const auto master = status_.master->master();
    const auto& s = status_.master->stats();
    redis["master"] = master ? json::value(master->to_string()) : json::value();
    redis["master_switches"] = s.switches.get();
    redis["sentinels"] = json::object{{"known", s.known.get()}, {"connected", s.connected.get()}};
  }
  redis["tracked"] = status_.lists.tracked.load();
  if (status_.tracking)
    redis["masters"] = masters_json(*status_.tracking);
  redis["purges_pending"] = status_.dropping.kept().get();
  const json::object all{
      {"version", ops::version},
      {"uptime_seconds", std::chrono::floor<std::chrono::seconds>(up).count()},
      {"draining", status_.draining},
      {"configuration", told_of(status_.configuration)},
      {"threads", lanes.size()},
      {"connections", sum(lanes, [](const lane& l) { return l.client_stats().open.get(); })},
      {"requests", sum(lanes, [](const lane& l) { return l.client_stats().requests.get(); })},
      {"members",
       {{"hits_memory", count(&lane_stats::hits_memory)},
        {"hits_redis", count(&lane_stats::hits_redis)},
        {"fetched", count(&lane_stats::fetched)},
        {"relayed", count(&lane_stats::relayed)},
        {"stale_on_error", count(&lane_stats::stale_on_error)},
        {"failed", count(&lane_stats::failed)},
        {"shielded_stale", count(&lane_stats::shielded_stale)},
        {"shielded", count(&lane_stats::shielded)},
        {"hits_stale", count(&lane_stats::hits_stale)},
        {"hits_failure", count(&lane_stats::hits_failure)},
        {"refreshes", count(&lane_stats::refreshes)},
        {"lease_waits", count(&lane_stats::lease_waits)},
        {"collapsed", count(&lane_stats::collapsed)},
        {"refused", count(&lane_stats::refused)},
        {"bad_requests", count(&lane_stats::bad_requests)}}},
      {"passed_through", count(&lane_stats::passed)},
      {"memory",
       {{"entries", memory.entries},
        {"bytes", memory.bytes},
        {"capacity", memory.capacity},
        {"evictions", memory.evictions}}},
      {"purges", status_.dropping.begun()},
      {"waiting", status_.lists.flights.waiting()},
      {"load",
       {{"in_flight", status_.under_load.under_way()},
        {"in_flight_most", status_.under_load.most()},
        {"buffered_bytes", status_.buffered.used()},
        {"buffered_bytes_most", status_.buffered.most()},
        {"shed_in_flight", status_.under_load.turned_away(overload::in_flight)},
        {"shed_bytes", status_.under_load.turned_away(overload::bytes)}}},
      {"redis", status_.redis.empty() ? json::value() : json::value(std::move(redis))},
      {"upstream", {{"calls", calls_of(lanes)}, {"instances", instances_json(lanes)}}},
      {"shield", shield_json(status_.shield)},
  };
  return json::serialize(all);
}

namespace {

constexpr std::string_view no_store = "Cache-Control: no-store\r\n";

void reply(net::exchange& x, unsigned status, std::string_view type, std::string_view body) {
  x.respond({.status = status, .fields = no_store, .rest = whole_body(type, body), .owner = nullptr});
}

bool among(std::string_view path, std::initializer_list<std::string_view> known) {
  return std::ranges::find(known, path) != known.end();
}

} // namespace

void admin::serve(const net::request& r, net::exchange& x) {
  const auto where = r.head.path();
  const bool for_get = among(where, {"/", "/healthz", "/readyz", "/metrics", "/status"});
  const bool for_post = among(where, {"/purge", "/events"});
  if (!for_get && !for_post)
    return reply(x, 404, json_type, error_body(404, "no such page on the admin port; see /"));
  const auto method = r.head.method;
  if (for_get && (method == http::verb::get || method == http::verb::head))
    return get(r, x);
  if (for_post && method == http::verb::post)
    return post(r, x);
  const std::string_view allowed = for_get ? "GET, HEAD" : "POST";
  x.respond({.status = 405,
             .fields = fmt::format("Allow: {}\r\n", allowed),
             .rest = envelope(fmt::format("this page is only for {}", allowed)),
             .owner = nullptr});
}

void admin::get(const net::request& r, net::exchange& x) {
  const auto where = r.head.path();
  if (where == "/healthz")
    return reply(x, 200, text_type, "ok\n");
  if (where == "/readyz")
    return status_.draining ? reply(x, 503, text_type, "draining\n") : reply(x, 200, text_type, "ready\n");
  if (where == "/metrics")
    return reply(x, 200, "text/plain;version=0.0.4;charset=utf-8", metrics_.render());
  if (where == "/status")
    return reply(x, 200, json_type, status_json());
  reply(x, 200, "text/html;charset=UTF-8", page);
}

void admin::post(const net::request& r, net::exchange& x) {
  if (r.head.path() == "/events")
    return tasks_.start(take_event(x.take(), std::string(r.body)), "taking a callback");
  const auto asked = api::parse_purge_request({r.body.data(), r.body.size()});
  if (!asked)
    return reply(x, 400, json_type, error_body(400, to_string(asked.error())));
  tasks_.start(purge(x.take(), cache::scope::of(asked->w_id.value_or(""), asked->room.value_or(""))), "purging");
}

net::task<> admin::purge(net::turn t, cache::scope s) {
  const auto done = co_await purges_.purge(s);
  spdlog::info("purged {}: {} {}{}", s.text(), done.purged, done.purged == 1 ? "list" : "lists",
               done.pending ? "; Redis is yet to be told" : "");
  const auto rest = whole_body(json_type, to_json(done));
  t.respond({.status = done.pending ? 202U : 200U, .fields = no_store, .rest = rest, .owner = nullptr});
}

net::task<> admin::take_event(net::turn t, std::string body) {
  const auto a = co_await events_.take(std::move(body));
  t.respond({.status = a.status, .fields = no_store, .rest = a.rest, .owner = nullptr});
}

std::string admin::error_body(unsigned, std::string_view message) {
  return api::failure_envelope(message);
}

} // namespace rollcall::gateway
