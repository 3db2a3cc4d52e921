// Every metric of the gateway, in one place.
#include "rollcall/gateway/admin.hpp"

namespace rollcall::gateway {

namespace {

using kind = ops::metric_kind;

double number(const ops::counter& c) {
  return static_cast<double>(c.get());
}

void total(ops::metrics& m, std::string name, std::string help, const ops::counter& c) {
  m.add(std::move(name), std::move(help), kind::counter, {}, [&c] { return number(c); });
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
  outcome("shielded_stale", s.shielded_stale);
  outcome("shielded", s.shielded);
  outcome("collapsed", s.collapsed);
  outcome("refused", s.refused);
  outcome("bad_request", s.bad_requests);
  outcome("failure", s.hits_failure);
  outcome("only_if_cached", s.only_if_cached);
  total(m, "rollcall_served_stale_total", "Of those answered from memory, the ones answered with a stale list at once",
        s.hits_stale);
  total(m, "rollcall_refreshes_total", "Lists renewed in the background", s.refreshes);
  total(m, "rollcall_lease_waits_total", "Waits for a call that another gateway has under way", s.lease_waits);
  total(m, "rollcall_writes_total", "Writes passed through that dropped lists", s.purges_by_writes);
  total(m, "rollcall_passed_through_total", "Requests passed through to the upstream", s.passed);
  total(m, "rollcall_pass_through_failures_total", "Of those, the ones that got no whole answer", s.pass_failed);
  m.add("rollcall_background_tasks", "Tasks under way: requests being answered, and stores that nobody waits for",
        kind::gauge, {}, [&s] { return number(s.background); });
}

// Instances are those of the configuration: so many labels and no more.
void register_upstream(ops::metrics& m, const upstream::pool& pool) {
  const auto& p = pool.stats();
  const ops::metrics::labels of_it{{"instance", pool.target().to_string()}};
  const auto labelled = [&](std::string key, std::string value) {
    auto all = of_it;
    all[std::move(key)] = std::move(value);
    return all;
  };
  const auto of_one = [&](std::string what, std::string help, const ops::counter& from) {
    m.add(std::move(what), std::move(help), kind::counter, of_it, [&from] { return number(from); });
  };
  of_one("rollcall_upstream_calls_total", "getChatRoomMember calls sent to the instance", p.calls);
  for (std::size_t i = 0; i < p.call_failures.size(); ++i)
    if (const auto why = static_cast<upstream::failure>(i + 1); why != upstream::failure::no_instance)
      m.add("rollcall_upstream_failures_total",
            "Of those, the ones without a whole answer, and others not made because it is ejected, by reason",
            kind::counter, labelled("reason", std::string(label_of(why))),
            [&c = p.call_failures[i]] { return number(c); });
  m.add_histogram("rollcall_upstream_seconds", "How long getChatRoomMember calls to the instance took", of_it,
                  p.call_seconds);
  of_one("rollcall_upstream_connects_total", "Connections made to the instance", p.connects);
  of_one("rollcall_upstream_connect_failures_total", "Connections to the instance that could not be made",
         p.connect_failures);
  const auto connections = [&](std::string state, const ops::counter& from) {
    m.add("rollcall_upstream_connections", "Connections to the instance", kind::gauge,
          labelled("state", std::move(state)), [&from] { return number(from); });
  };
  connections("busy", p.open);
  connections("idle", p.idle);
}

// What all lanes know of it together.
void register_health(ops::metrics& m, const upstream::pool& pool) {
  const auto* const condition = pool.condition();
  if (!condition)
    return;
  const ops::metrics::labels of_it{{"instance", pool.target().to_string()}};
  m.add("rollcall_upstream_ejected", "1 while the instance is ejected: its lists are answered stale, or with an error",
        kind::gauge, of_it, [condition] { return condition->is_ejected() ? 1.0 : 0.0; });
  m.add("rollcall_upstream_ejections_total", "Times that the instance was ejected", kind::counter, of_it,
        [condition] { return static_cast<double>(condition->now().ejections); });
}

void register_shield(ops::metrics& m, const upstream::shield& shield) {
  for (std::size_t i = 0; i < shield.size(); ++i) {
    const auto gauge = [&](std::string name, std::string help, auto read) {
      m.add(std::move(name), std::move(help), kind::gauge, {{"instance", shield.name(i)}},
            [&shield, i, read] { return static_cast<double>(read(shield.load(i))); });
    };
    gauge("rollcall_shield_limit", "Calls of getChatRoomMember that the instance may have at one time, as adapted",
          [](const auto& l) { return l.limit; });
    gauge("rollcall_shield_running", "Calls of getChatRoomMember that the instance has now",
          [](const auto& l) { return l.running; });
    gauge("rollcall_shield_waiting", "Calls of getChatRoomMember that wait for their turn",
          [](const auto& l) { return l.waiting; });
    const auto count = [&](std::string name, std::string help, const ops::counter& c, std::string reason = {}) {
      ops::metrics::labels with{{"instance", shield.name(i)}};
      if (!reason.empty())
        with.emplace("reason", std::move(reason));
      m.add(std::move(name), std::move(help), kind::counter, std::move(with), [&c] { return number(c); });
    };
    const auto& s = shield.stats(i);
    count("rollcall_shield_admitted_total", "Calls that were let through", s.admitted);
    count("rollcall_shield_waited_total", "Of those, the ones that had to wait for their turn", s.waited);
    count("rollcall_shield_skipped_total", "Renewals that were put off, since there was no room for them", s.skipped);
    count("rollcall_shield_retries_total", "Calls made a second time", s.retries);
    count("rollcall_shield_retries_denied_total", "Calls not made a second time, since too many were",
          s.retries_denied);
    for (std::size_t r = 0; r < s.refused.size(); ++r)
      count("rollcall_shield_refused_total", "Calls that were not let through, by reason", s.refused[r],
            std::string(to_string(static_cast<upstream::refusal_reason>(r + 1))));
  }
  m.add("rollcall_shield_wids", "Accounts with a call under way, or with one within the spacing", kind::gauge, {},
        [&shield] { return static_cast<double>(shield.wids()); });
}

void register_clients(ops::metrics& m, const lane& l) {
  const auto& s = l.client_stats();
  total(m, "rollcall_connections_accepted_total", "Client connections accepted", s.accepted);
  total(m, "rollcall_connections_refused_total", "Client connections answered 503, because max_connections was reached",
        s.refused);
  total(m, "rollcall_accept_errors_total", "Failures to accept a connection, such as too few file descriptors",
        s.accept_errors);
  total(m, "rollcall_requests_total", "Requests with a well-formed head", s.requests);
  total(m, "rollcall_malformed_requests_total", "Requests refused for their framing", s.malformed);
  total(m, "rollcall_client_timeouts_total", "Connections closed because the client was too slow", s.timeouts);
  total(m, "rollcall_aborted_responses_total", "Connections closed in the middle of a response", s.aborted);
  total(m, "rollcall_crowded_out_total",
        "Connections closed because they held most of the buffers when these were too large", s.crowded_out);
  total(m, "rollcall_received_bytes_total", "Bytes read from clients", s.bytes_in);
  total(m, "rollcall_sent_bytes_total", "Bytes written to clients", s.bytes_out);
  m.add("rollcall_connections", "Client connections open now", kind::gauge, {}, [&s] { return number(s.open); });
}

void register_redis(ops::metrics& m, const redis::connection_stats* link, const redis::store_stats* store) {
  if (!link)
    return;
  const auto& c = *link;
  const auto& s = *store;
  m.add("rollcall_redis_connections",
        "Connections to Redis: one a thread, and one for purges; in a cluster so many to each master", kind::gauge, {},
        [&c] { return number(c.up); });
  total(m, "rollcall_redis_commands_total", "Commands sent to Redis", c.commands);
  total(m, "rollcall_redis_timeouts_total", "Commands that Redis did not answer in time", c.timeouts);
  total(m, "rollcall_redis_connects_total", "Connections to Redis that were made", c.connects);
  total(m, "rollcall_redis_connect_failures_total", "Connections to Redis that could not be made", c.failures);
  total(m, "rollcall_redis_replaced_total", "Connections to Redis given up as overdue or not speaking its protocol",
        c.replaced);
  m.add("rollcall_redis_breakers_open", "Connections that ask Redis nothing but whether it is well again", kind::gauge,
        {}, [&c] { return number(c.open); });
  total(m, "rollcall_redis_breaker_openings_total", "Times that Redis stopped being asked, as it was of no use",
        c.openings);
  total(m, "rollcall_redis_probes_total", "Times that Redis was asked whether it is well again", c.probes);
  for (std::size_t i = 0; i < redis::troubles; ++i)
    m.add("rollcall_redis_errors_total", "Errors that Redis answered, by kind", kind::counter,
          {{"kind", std::string(to_string(static_cast<redis::trouble>(i + 1)))}},
          [&e = c.errors[i]] { return number(e); });
  const auto labelled = [&m](std::string name, std::string help, std::string word, const ops::counter& from) {
    m.add(std::move(name), std::move(help), kind::counter, {{"outcome", std::move(word)}},
          [&from] { return number(from); });
  };
  const auto look_up = [&](std::string word, const ops::counter& from) {
    labelled("rollcall_redis_lookups_total", "Entries looked up in Redis, by outcome", std::move(word), from);
  };
  look_up("hit", s.hits);
  look_up("miss", s.misses);
  look_up("unfit", s.unfit);
  look_up("unavailable", s.unavailable);
  const auto verification = [&](std::string word, const ops::counter& from) {
    labelled("rollcall_redis_verifications_total", "Suspects in memory of which Redis was asked, by outcome",
             std::move(word), from);
  };
  verification("same", s.verified);
  verification("different", s.refuted);
  const auto claim = [&](std::string word, const ops::counter& from) {
    labelled("rollcall_redis_leases_total", "Leases claimed before a call to the upstream, by outcome", std::move(word),
             from);
  };
  claim("leased", s.leases);
  claim("held", s.leases_held);
  total(m, "rollcall_redis_stores_total", "Entries that Redis took", s.stores);
  total(m, "rollcall_redis_store_failures_total", "Entries that Redis did not confirm", s.store_failures);
  total(m, "rollcall_redis_stores_lost_total", "Entries not stored because they were purged while they were fetched",
        s.stores_lost);
  total(m, "rollcall_redis_script_reloads_total", "Scripts that Redis had to be sent again", s.reloads);
  total(m, "rollcall_redis_purged_total", "Entries purged in Redis", s.purged);
}

void register_tracking(ops::metrics& m, const redis::tracking& t) {
  const auto& s = t.stats();
  m.add("rollcall_tracking_up", "1 while Redis tells what changes; otherwise every answer from memory is checked there",
        kind::gauge, {}, [&s] { return number(s.up); });
  total(m, "rollcall_tracking_connects_total", "Times that tracking came up", s.connects);
  total(m, "rollcall_tracking_failures_total", "Attempts to set tracking up that failed", s.failures);
  total(m, "rollcall_tracking_messages_total", "Messages about changes in Redis", s.messages);
  total(m, "rollcall_tracking_keys_total", "Keys that they told of", s.keys);
  total(m, "rollcall_tracking_foreign_total", "Of those, the ones that are not ours to understand", s.foreign);
  total(m, "rollcall_tracking_flushes_total", "Messages that all of Redis was flushed", s.flushes);
}

void register_master(ops::metrics& m, const redis::master_watch& w) {
  const auto& s = w.stats();
  m.add("rollcall_redis_master_known", "1 while Sentinels have told where the master is", kind::gauge, {},
        [&w] { return w.master() ? 1.0 : 0.0; });
  total(m, "rollcall_redis_master_switches_total", "Times that the master was another one", s.switches);
  m.add("rollcall_sentinels", "Sentinels that are known", kind::gauge, {}, [&s] { return number(s.known); });
  m.add("rollcall_sentinels_connected", "Of those, the ones that would tell of a new master", kind::gauge, {},
        [&s] { return number(s.connected); });
  total(m, "rollcall_sentinel_announcements_total", "Announcements of a new master, by each Sentinel", s.announcements);
  total(m, "rollcall_sentinel_questions_total", "Questions to Sentinels", s.questions);
  total(m, "rollcall_sentinel_question_failures_total", "Of those, the ones without an answer", s.failures);
}

void register_purges(ops::metrics& m, const purges& p) {
  m.add("rollcall_purges_total", "Purges begun, whatever asked for them", kind::counter, {},
        [&p] { return static_cast<double>(p.begun()); });
  m.add("rollcall_purges_pending", "Purges that Redis could not take yet; it is not used until it has", kind::gauge, {},
        [&p] { return number(p.kept()); });
  total(m, "rollcall_purges_repeated_total", "Purges carried out again because there was a new master", p.repeated());
  m.add("rollcall_purges_coarsened_total", "Times that too many purges waited for Redis, and were made wider",
        kind::counter, {}, [&p] { return number(p.overflows()); });
}

void register_events(ops::metrics& m, const events& e) {
  const auto& s = e.counted();
  total(m, "rollcall_events_total", "Callbacks taken", s.taken);
  total(m, "rollcall_events_malformed_total", "Callbacks that could not be read", s.malformed);
  total(m, "rollcall_events_repeated_total", "Callbacks that had come before", s.repeated);
  total(m, "rollcall_events_dropped_total", "Callbacks that dropped lists", s.dropped);
  total(m, "rollcall_events_forwarded_total", "Callbacks handed on", s.forwarded);
  total(m, "rollcall_events_forward_failures_total", "Callbacks that could not be handed on", s.forward_failures);
}

void register_load(ops::metrics& m, const load& l, const net::byte_budget& b) {
  const auto gauge = [&m](std::string name, std::string help, auto read) {
    m.add(std::move(name), std::move(help), kind::gauge, {}, [read] { return static_cast<double>(read()); });
  };
  gauge("rollcall_in_flight", "Requests under way to the instances", [&l] { return l.under_way(); });
  gauge("rollcall_in_flight_limit", "As many as may be at one time", [&l] { return l.most(); });
  gauge("rollcall_buffered_bytes", "Bytes that wait in buffers for slow clients and instances",
        [&b] { return b.used(); });
  gauge("rollcall_buffered_limit_bytes", "As many as may wait before clients are closed and requests turned away",
        [&b] { return b.most(); });
  for (int i = 1; i <= overload_count; ++i) {
    const auto why = static_cast<overload>(i);
    m.add("rollcall_shed_total", "Requests turned away, or answered stale, because this process has too much to do",
          kind::counter, {{"reason", std::string(label_of(why))}},
          [&l, why] { return static_cast<double>(l.turned_away(why)); });
  }
}

void register_configuration(ops::metrics& m, const configuration_status& c) {
  total(m, "rollcall_config_reloads_total", "Times that the configuration was read again and taken", c.reloads);
  total(m, "rollcall_config_refusals_total", "Times that it was refused, and the one before stayed in force",
        c.refusals);
  m.add("rollcall_config_refused", "1 while the last attempt to read it again was refused", kind::gauge, {},
        [&c] { return number(c.failing); });
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
  add("rollcall_memory_fenced_total", "Entries kept out because they were asked for before a purge", kind::counter,
      &s::fenced);
  add("rollcall_memory_purged_total", "Entries dropped from memory by purges", kind::counter, &s::purged);
}

} // namespace

void register_metrics(ops::metrics& m, const gateway_status& s) {
  register_memory(m, s.lists.memory);
  m.add("rollcall_waiting", "Requests that wait for a flight, their own or another's", kind::gauge, {},
        [&s] { return static_cast<double>(s.lists.flights.waiting()); });
  m.add("rollcall_flights", "Questions under way that others may join", kind::gauge, {},
        [&s] { return static_cast<double>(s.lists.flights.in_the_air()); });
  m.add("rollcall_lease_waiting", "Of those, the ones that wait for another gateway's call", kind::gauge, {},
        [&s] { return static_cast<double>(s.lists.waits.size()); });
  m.add("rollcall_failures_remembered", "Failures remembered for a moment", kind::gauge, {},
        [&s] { return static_cast<double>(s.lists.failures.size()); });
  m.add("rollcall_failures_remembered_bytes", "Bytes that they take", kind::gauge, {},
        [&s] { return static_cast<double>(s.lists.failures.bytes()); });
  register_purges(m, s.dropping);
  register_redis(m, s.dropping.redis_stats(), s.dropping.store_stats());
  if (s.tracking)
    register_tracking(m, *s.tracking);
  if (s.master)
    register_master(m, *s.master);
  register_events(m, s.callbacks);
  register_configuration(m, s.configuration);
  register_load(m, s.under_load, s.buffered);
  for (const auto& each : s.lanes.front()->upstreams().all())
    register_health(m, *each);
  register_shield(m, s.shield);
  for (const auto& l : s.lanes) {
    register_requests(m, *l);
    for (const auto& each : l->upstreams().all())
      register_upstream(m, *each);
    register_clients(m, *l);
    register_redis(m, l->redis_stats(), l->store_stats());
  }
}

} // namespace rollcall::gateway
