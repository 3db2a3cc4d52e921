// Every metric of the gateway, in one place.
#include "rollcall/gateway/admin.hpp"

namespace rollcall::gateway {

namespace {

using kind = ops::metric_kind;

double number(const ops::counter& c) {
  return static_cast<double>(c.get());
}

void register_requests(ops::metrics& m, const lane& l) {
  const auto& s = l.stats();
  const auto outcome = [&m](std::string word, const ops::counter& c) {
    m.add("rollcall_member_requests_total", "getChatRoomMember requests, by where their answer came from",
          kind::counter, {{"outcome", std::move(word)}}, [&c] { return number(c); });
  };
  outcome("memory", s.hits_memory);
  outcome("redis", s.hits_redis);
  outcome("fetched", s.fetched);
  outcome("relayed", s.relayed);
  outcome("stale_on_error", s.stale_on_error);
  outcome("failed", s.failed);
  outcome("collapsed", s.collapsed);
  outcome("refused", s.refused);
  outcome("bad_request", s.bad_requests);
  m.add("rollcall_passed_through_total", "Requests passed through to the upstream", kind::counter, {},
        [&s] { return number(s.passed); });
  m.add("rollcall_pass_through_failures_total", "Of those, the ones that got no whole answer", kind::counter, {},
        [&s] { return number(s.pass_failed); });
  m.add("rollcall_background_tasks", "Tasks under way: requests being answered, and stores that nobody waits for",
        kind::gauge, {}, [&s] { return number(s.background); });
}

void register_upstream(ops::metrics& m, const lane& l) {
  const auto& s = l.stats();
  m.add("rollcall_upstream_calls_total", "getChatRoomMember calls sent to the upstream", kind::counter, {},
        [&s] { return number(s.fetches); });
  for (std::size_t i = 0; i < s.fetch_failures.size(); ++i)
    m.add("rollcall_upstream_failures_total", "Of those, the ones without a whole answer, by reason", kind::counter,
          {{"reason", std::string(label_of(static_cast<upstream::failure>(i + 1)))}},
          [&c = s.fetch_failures[i]] { return number(c); });
  m.add_histogram("rollcall_upstream_seconds", "How long getChatRoomMember calls to the upstream took", {},
                  s.fetch_seconds);
  const auto& p = l.upstream_stats();
  m.add("rollcall_upstream_connects_total", "Connections made to the upstream", kind::counter, {},
        [&p] { return number(p.connects); });
  m.add("rollcall_upstream_connect_failures_total", "Connections to the upstream that could not be made", kind::counter,
        {}, [&p] { return number(p.connect_failures); });
  m.add("rollcall_upstream_connections", "Connections to the upstream", kind::gauge, {{"state", "busy"}},
        [&p] { return number(p.open); });
  m.add("rollcall_upstream_connections", "Connections to the upstream", kind::gauge, {{"state", "idle"}},
        [&p] { return number(p.idle); });
}

void register_clients(ops::metrics& m, const lane& l) {
  const auto& s = l.client_stats();
  const auto total = [&m](std::string name, std::string help, const ops::counter& c) {
    m.add(std::move(name), std::move(help), kind::counter, {}, [&c] { return number(c); });
  };
  total("rollcall_connections_accepted_total", "Client connections accepted", s.accepted);
  total("rollcall_connections_refused_total", "Client connections answered 503, because max_connections was reached",
        s.refused);
  total("rollcall_accept_errors_total", "Failures to accept a connection, such as too few file descriptors",
        s.accept_errors);
  total("rollcall_requests_total", "Requests with a well-formed head", s.requests);
  total("rollcall_malformed_requests_total", "Requests refused for their framing", s.malformed);
  total("rollcall_client_timeouts_total", "Connections closed because the client was too slow", s.timeouts);
  total("rollcall_aborted_responses_total", "Connections closed in the middle of a response", s.aborted);
  total("rollcall_received_bytes_total", "Bytes read from clients", s.bytes_in);
  total("rollcall_sent_bytes_total", "Bytes written to clients", s.bytes_out);
  m.add("rollcall_connections", "Client connections open now", kind::gauge, {}, [&s] { return number(s.open); });
}

void register_redis(ops::metrics& m, const lane& l) {
  if (!l.redis_stats())
    return;
  const auto& c = *l.redis_stats();
  const auto& s = *l.store_stats();
  m.add("rollcall_redis_connections", "Connections to Redis, at most one a thread", kind::gauge, {},
        [&c] { return number(c.up); });
  const auto total = [&m](std::string name, std::string help, const ops::counter& from) {
    m.add(std::move(name), std::move(help), kind::counter, {}, [&from] { return number(from); });
  };
  total("rollcall_redis_commands_total", "Commands sent to Redis", c.commands);
  total("rollcall_redis_timeouts_total", "Commands that Redis did not answer in time", c.timeouts);
  total("rollcall_redis_connects_total", "Connections to Redis that were made", c.connects);
  total("rollcall_redis_connect_failures_total", "Connections to Redis that could not be made", c.failures);
  total("rollcall_redis_replaced_total", "Connections to Redis given up as overdue or not speaking its protocol",
        c.replaced);
  const auto look_up = [&m](std::string word, const ops::counter& from) {
    m.add("rollcall_redis_lookups_total", "Entries looked up in Redis, by outcome", kind::counter,
          {{"outcome", std::move(word)}}, [&from] { return number(from); });
  };
  look_up("hit", s.hits);
  look_up("miss", s.misses);
  look_up("unfit", s.unfit);
  look_up("unavailable", s.unavailable);
  total("rollcall_redis_stores_total", "Entries that Redis took", s.stores);
  total("rollcall_redis_store_failures_total", "Entries that Redis did not confirm", s.store_failures);
}

void register_memory(ops::metrics& m, const cache::memory& memory) {
  const auto add = [&](std::string name, std::string help, kind k, std::uint64_t cache::memory_stats::* which) {
    m.add(std::move(name), std::move(help), k, {},
          [&memory, which] { return static_cast<double>(memory.stats().*which); });
  };
  using s = cache::memory_stats;
  add("rollcall_memory_entries", "Entries in memory", kind::gauge, &s::entries);
  add("rollcall_memory_bytes", "Bytes that they take", kind::gauge, &s::bytes);
  add("rollcall_memory_capacity_bytes", "Bytes that they may take", kind::gauge, &s::capacity);
  add("rollcall_memory_insertions_total", "Entries put into memory", kind::counter, &s::insertions);
  add("rollcall_memory_evictions_total", "Entries pushed out of memory for want of room", kind::counter, &s::evictions);
  add("rollcall_memory_expirations_total", "Entries dropped from memory because their time was over", kind::counter,
      &s::expirations);
  add("rollcall_memory_refusals_total", "Entries too large for memory", kind::counter, &s::refusals);
}

} // namespace

void register_metrics(ops::metrics& m, const gateway_status& s) {
  register_memory(m, s.memory);
  m.add("rollcall_waiting", "Requests that wait for a flight, their own or another's", kind::gauge, {},
        [&s] { return static_cast<double>(s.flights.waiting()); });
  for (const auto& l : s.lanes) {
    register_requests(m, *l);
    register_upstream(m, *l);
    register_clients(m, *l);
    register_redis(m, *l);
  }
}

} // namespace rollcall::gateway
