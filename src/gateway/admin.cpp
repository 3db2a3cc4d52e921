#include "rollcall/gateway/admin.hpp"

#include "rollcall/api/answer.hpp"
#include "rollcall/gateway/replies.hpp"
#include "rollcall/ops/version.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

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

} // namespace

std::string admin::status_json() const {
  const auto& lanes = status_.lanes;
  const auto count = [&](const ops::counter lane_stats::* which) {
    return sum(lanes, [which](const lane& l) { return (l.stats().*which).get(); });
  };
  const auto memory = status_.memory.stats();
  const auto up = std::chrono::system_clock::now() - status_.started;
  json::object redis{{"url", status_.redis}};
  redis["connections"] =
      sum(lanes, [](const lane& l) { return l.redis_stats() ? l.redis_stats()->up.get() : std::uint64_t{0}; });
  const json::object all{
      {"version", ops::version},
      {"uptime_seconds", std::chrono::floor<std::chrono::seconds>(up).count()},
      {"draining", status_.draining},
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
        {"collapsed", count(&lane_stats::collapsed)},
        {"refused", count(&lane_stats::refused)},
        {"bad_requests", count(&lane_stats::bad_requests)}}},
      {"passed_through", count(&lane_stats::passed)},
      {"memory",
       {{"entries", memory.entries},
        {"bytes", memory.bytes},
        {"capacity", memory.capacity},
        {"evictions", memory.evictions}}},
      {"redis", status_.redis.empty() ? json::value() : json::value(std::move(redis))},
      {"upstream", {{"instance", status_.instance}, {"calls", count(&lane_stats::fetches)}}},
  };
  return json::serialize(all);
}

void admin::serve(const net::request& r, net::exchange& x) {
  const auto reply = [&x](unsigned status, std::string_view type, std::string_view body) {
    x.respond(
        {.status = status, .fields = "Cache-Control: no-store\r\n", .rest = whole_body(type, body), .owner = nullptr});
  };
  const auto where = r.head.path();
  constexpr std::string_view known[] = {"/", "/healthz", "/readyz", "/metrics", "/status"};
  if (std::ranges::find(known, where) == std::end(known))
    return reply(404, json_type, error_body(404, "no such page on the admin port; see /"));
  if (r.head.method != http::verb::get && r.head.method != http::verb::head)
    return x.respond({.status = 405,
                      .fields = "Allow: GET, HEAD\r\n",
                      .rest = whole_body(json_type, error_body(405, "this page is only for GET")),
                      .owner = nullptr});
  if (where == "/healthz")
    return reply(200, text_type, "ok\n");
  if (where == "/readyz")
    return status_.draining ? reply(503, text_type, "draining\n") : reply(200, text_type, "ready\n");
  if (where == "/metrics")
    return reply(200, "text/plain;version=0.0.4;charset=utf-8", metrics_.render());
  if (where == "/status")
    return reply(200, json_type, status_json());
  reply(200, "text/html;charset=UTF-8", page);
}

std::string admin::error_body(unsigned, std::string_view message) {
  return api::failure_envelope(message);
}

} // namespace rollcall::gateway
