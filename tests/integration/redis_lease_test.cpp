#include "rollcall/cache/freshness.hpp"

#include "support/redis_stores.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redis = rollcall::redis;
namespace cache = rollcall::cache;
namespace net = rollcall::net;
using redis::claim_outcome;
using redis::lease_outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct fixture : support::redis_stores {
  /// Redis holds an entry fetched `ago`; its version is 42.
  void hold_from(milliseconds ago, std::string_view body = "{}") { hold(make(body, now - ago, id)); }

  lease_outcome renew(const redis::lease& l) { return run(store.renew(l, soon())); }
  lease_outcome release(const redis::lease& l) { return run(store.release(l, soon())); }
  void forget_lease() { server.command({"DEL", lease_key}); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_lease, fixture)

BOOST_AUTO_TEST_CASE(a_fresh_entry_is_returned_and_nothing_is_claimed) {
  for (const auto& body : {std::string("{}"), std::string(100'000, 'x')}) {
    hold_from(seconds(10), body);
    const auto c = claim();
    BOOST_TEST((c.outcome == claim_outcome::good));
    BOOST_REQUIRE(c.entry);
    BOOST_TEST(c.entry->plain->body() == body);
    BOOST_TEST(!c.lease.has_value());
  }
  BOOST_TEST(server.command({"EXISTS", lease_key}) == "0");
  BOOST_TEST(store.stats().hits.get() == 2U);
  BOOST_TEST(store.stats().leases.get() == 0U);
}

BOOST_AUTO_TEST_CASE(a_claim_that_a_frozen_redis_carries_out_later_leaves_no_lease) {
  server.freeze();
  const auto c = run(store.get_or_claim(id, terms(), support::in(milliseconds(30))));
  BOOST_TEST((c.outcome == claim_outcome::unavailable));
  server.thaw();
  BOOST_TEST((get().outcome == redis::lookup::miss)); // behind the claim, and what followed it
  BOOST_TEST(server.command({"EXISTS", lease_key}) == "0");
  BOOST_TEST((claim().outcome == claim_outcome::leased));
}

BOOST_AUTO_TEST_CASE(where_there_is_nothing_one_claims_and_the_other_waits) {
  const auto first = claim();
  BOOST_TEST((first.outcome == claim_outcome::leased));
  BOOST_TEST((first.entry == nullptr));
  BOOST_REQUIRE(first.lease.has_value());
  BOOST_TEST((first.lease->id == id));
  BOOST_TEST(server.command({"GET", lease_key}) == first.lease->token);
  BOOST_TEST(left_of(lease_key) > 1500);
  BOOST_TEST(left_of(lease_key) <= 2000);

  const auto second = claim(two.store);
  BOOST_TEST((second.outcome == claim_outcome::held));
  BOOST_TEST((second.entry == nullptr));
  BOOST_TEST(!second.lease.has_value());
  BOOST_TEST((second.held_for > milliseconds(1000)));
  BOOST_TEST((second.held_for <= milliseconds(2000)));
  BOOST_TEST(store.stats().leases.get() == 1U);
  BOOST_TEST(store.stats().misses.get() == 1U);
  BOOST_TEST(two.store.stats().leases_held.get() == 1U);
}

// Of all who claim at the same time, by two connections, one has the lease.
BOOST_AUTO_TEST_CASE(of_many_who_race_one_has_the_lease) {
  for (int round = 0; round < 20; ++round) {
    forget_lease();
    std::vector<redis::claim> all;
    for (int i = 0; i < 10; ++i) {
      auto& by = i % 2 == 0 ? one.store : two.store;
      boost::asio::co_spawn(context, by.get_or_claim(id, terms(), soon()), [&](std::exception_ptr e, redis::claim c) {
        BOOST_TEST(!e);
        all.push_back(std::move(c));
      });
    }
    support::run(context, [&]() -> net::task<void> { co_await support::until([&] { return all.size() == 10; }); });
    BOOST_TEST(std::ranges::count(all, claim_outcome::leased, &redis::claim::outcome) == 1);
    BOOST_TEST(std::ranges::count(all, claim_outcome::held, &redis::claim::outcome) == 9);
  }
}

BOOST_AUTO_TEST_CASE(a_stale_entry_comes_with_the_lease_and_with_the_news_that_it_is_held) {
  hold_from(seconds(61), "{\"old\":1}");
  for (const auto expected : {claim_outcome::leased, claim_outcome::held}) {
    const auto c = claim();
    BOOST_TEST((c.outcome == expected));
    BOOST_REQUIRE(c.entry);
    BOOST_TEST(c.entry->plain->body() == "{\"old\":1}");
  }
}

// The script and the decision that memory makes agree on what is fresh, to the millisecond.
BOOST_AUTO_TEST_CASE(what_is_good_is_what_is_fresh) {
  const std::array moments{milliseconds(-60'000),   -cache::clock_tolerance - milliseconds(1),
                           -cache::clock_tolerance, milliseconds(-1),
                           milliseconds(0),         milliseconds(1),
                           milliseconds(29'999),    milliseconds(30'000),
                           milliseconds(30'001),    milliseconds(59'999),
                           milliseconds(60'000),    milliseconds(60'001)};
  for (const auto ago : moments) {
    for (const auto fresh : {milliseconds(0), milliseconds(1), milliseconds(30'000), milliseconds(60'000),
                             milliseconds(90'000), milliseconds(std::chrono::years(50))}) {
      for (const auto life : {milliseconds(0), milliseconds(60'000)}) {
        forget_lease();
        auto e = std::make_shared<cache::entry>(*make("{}", now - ago, id));
        e->fresh_until = e->fetched_at + life;
        hold(e);
        const bool is_fresh = cache::judge(*e, {.fresh = fresh}, now) == cache::verdict::fresh;
        const auto c = claim({.now = now, .fresh = fresh});
        BOOST_TEST((c.outcome == (is_fresh ? claim_outcome::good : claim_outcome::leased)),
                   "fetched " << ago.count() << " ms ago, fresh for " << life.count() << " and " << fresh.count());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_was_fetched_too_early_is_not_good_enough) {
  hold_from(milliseconds(1000));
  auto t = terms();
  t.fetched_since = now - milliseconds(1000);
  BOOST_TEST((claim(t).outcome == claim_outcome::good));
  t.fetched_since += milliseconds(1);
  const auto c = claim(t);
  BOOST_TEST((c.outcome == claim_outcome::leased));
  BOOST_TEST((c.entry != nullptr));
}

BOOST_AUTO_TEST_CASE(a_version_that_will_not_do_is_not_good_enough) {
  hold_from(milliseconds(0));
  auto t = terms();
  t.other_than = 43;
  BOOST_TEST((claim(t).outcome == claim_outcome::good));
  t.other_than = 42;
  const auto c = claim(t);
  BOOST_TEST((c.outcome == claim_outcome::leased));
  BOOST_TEST(c.entry->version == 42U);
}

BOOST_AUTO_TEST_CASE(a_tombstone_is_nothing) {
  server.command({"SET", key, redis::tombstone(42)});
  const auto c = claim();
  BOOST_TEST((c.outcome == claim_outcome::leased));
  BOOST_TEST((c.entry == nullptr));
  BOOST_TEST(store.stats().misses.get() == 1U);
}

BOOST_AUTO_TEST_CASE(rubbish_of_any_length_is_nothing) {
  const auto value = redis::encode(*make("{}")).value();
  std::vector<std::string> rubbish{"", "x", "RLCL", std::string(100, '\0'), std::string(100, '\xff')};
  for (std::size_t n = 0; n < value.size(); ++n) {
    rubbish.push_back(value.substr(0, n));
  }
  rubbish.push_back(value);
  rubbish.back()[4] = '\1'; // another layout
  rubbish.push_back(std::string("RLCL\2") + std::string(100, '\xff'));
  for (const auto& r : rubbish) {
    forget_lease();
    server.command({"SET", key, r});
    const auto c = claim();
    BOOST_TEST((c.outcome == claim_outcome::leased));
    BOOST_TEST((c.entry == nullptr));
  }
  BOOST_TEST(store.stats().unfit.get() == rubbish.size());
}

BOOST_AUTO_TEST_CASE(what_only_looks_good_is_claimed_in_spite_of_that) {
  auto value = redis::encode(*make("{}")).value();
  value.back() = static_cast<char>(value.back() ^ 1); // the checksum, which the script cannot see
  server.command({"SET", key, value});
  const auto c = claim();
  BOOST_TEST((c.outcome == claim_outcome::leased));
  BOOST_TEST((c.entry == nullptr));
  BOOST_TEST(store.stats().unfit.get() == 1U);
  BOOST_TEST(one.link.stats().commands.get() == 3U); // NOSCRIPT, and two claims
  BOOST_TEST((put(*c.lease, make("{\"new\":1}")) == lease_outcome::done));
  BOOST_TEST(claim().entry->plain->body() == "{\"new\":1}");
}

BOOST_AUTO_TEST_CASE(the_value_of_another_identity_is_never_returned) {
  const cache::identity other("-", "wcId", "0000016e", "9999@chatroom");
  server.command({"SET", key, redis::encode(*make("{\"secret\":1}", now, other)).value()});
  for (const auto expected : {claim_outcome::leased, claim_outcome::held}) {
    const auto c = claim();
    BOOST_TEST((c.outcome == expected));
    BOOST_TEST((c.entry == nullptr));
  }
}

BOOST_AUTO_TEST_CASE(keys_of_another_type_are_nothing) {
  server.command({"RPUSH", key, "x"});
  const auto l = leased();
  BOOST_TEST((put(l, make("{}")) == lease_outcome::done));
  BOOST_TEST((claim().outcome == claim_outcome::good));

  server.command({"DEL", key});
  server.command({"RPUSH", lease_key, "x"});
  BOOST_TEST((claim().outcome == claim_outcome::held));
  for (const auto outcome : {put(l, make("{}")), renew(l), release(l)}) {
    BOOST_TEST((outcome == lease_outcome::lost));
  }
  BOOST_TEST(left_of(lease_key) > 0);
}

// Such a key is none of ours: nobody will ever release it.
BOOST_AUTO_TEST_CASE(a_lease_without_an_end_gets_one) {
  server.command({"SET", lease_key, "x"});
  const auto c = claim();
  BOOST_TEST((c.outcome == claim_outcome::held));
  BOOST_TEST((c.held_for == redis::store::lease_life));
  BOOST_TEST(left_of(lease_key) > 0);
  server.command({"SET", lease_key, "x", "PX", "3600000"});
  BOOST_TEST((claim().held_for == redis::store::lease_life));
  BOOST_TEST(left_of(lease_key) <= redis::store::lease_life.count(), "nobody's lease lasts longer than ours");
}

BOOST_AUTO_TEST_CASE(a_put_ends_the_lease) {
  const auto l = leased();
  BOOST_TEST((put(l, make("{}")) == lease_outcome::done));
  BOOST_TEST(server.command({"EXISTS", lease_key}) == "0");
  BOOST_TEST((claim(two.store).outcome == claim_outcome::good));
  BOOST_TEST((put(l, make("{\"again\":1}")) == lease_outcome::lost));
  BOOST_TEST(get().entry->plain->body() == "{}");
  BOOST_TEST(store.stats().stores_lost.get() == 1U);
}

BOOST_AUTO_TEST_CASE(a_put_after_a_purge_is_lost_and_the_tombstone_stays) {
  const auto l = leased();
  BOOST_TEST(run(two.store.purge(cache::scope::account("0000016e"), {id}, now, seconds(5))).has_value());
  BOOST_TEST((put(l, make("{}")) == lease_outcome::lost));
  BOOST_TEST(redis::is_tombstone(server.command({"GET", key})));
  BOOST_TEST((renew(l) == lease_outcome::lost));
  // Nor does it disturb who asked after the purge.
  const auto next = leased(two.store);
  BOOST_TEST((put(l, make("{}")) == lease_outcome::lost));
  BOOST_TEST((release(l) == lease_outcome::lost));
  BOOST_TEST((run(two.store.put(next, make("{\"new\":1}"), now, soon())) == lease_outcome::done));
  BOOST_TEST(get().entry->plain->body() == "{\"new\":1}");
}

BOOST_AUTO_TEST_CASE(a_put_after_the_lease_has_expired_is_lost) {
  const auto l = leased();
  server.command({"PEXPIRE", lease_key, "1"});
  support::run(context, [this]() -> net::task<void> {
    co_await support::until([this] { return server.command({"EXISTS", lease_key}) == "0"; });
  });
  BOOST_TEST((put(l, make("{}")) == lease_outcome::lost));
  BOOST_TEST((get().outcome == redis::lookup::miss));
  BOOST_TEST((renew(l) == lease_outcome::lost));
  BOOST_TEST((claim().outcome == claim_outcome::leased));
}

BOOST_AUTO_TEST_CASE(a_lease_lasts_for_as_long_as_it_is_renewed) {
  const auto l = leased();
  server.command({"PEXPIRE", lease_key, "500"});
  BOOST_TEST((renew(l) == lease_outcome::done));
  BOOST_TEST(left_of(lease_key) > 1500);
  BOOST_TEST((renew({id, "somebody else's"}) == lease_outcome::lost));
  BOOST_TEST((claim(two.store).outcome == claim_outcome::held));
}

BOOST_AUTO_TEST_CASE(a_release_lets_the_other_claim) {
  const auto l = leased();
  BOOST_TEST((release({id, "somebody else's"}) == lease_outcome::lost));
  BOOST_TEST((claim(two.store).outcome == claim_outcome::held));
  BOOST_TEST((release(l) == lease_outcome::done));
  BOOST_TEST((claim(two.store).outcome == claim_outcome::leased));
  BOOST_TEST((release(l) == lease_outcome::lost));
}

BOOST_AUTO_TEST_CASE(no_two_leases_share_a_token) {
  const auto first = leased();
  BOOST_TEST((release(first) == lease_outcome::done));
  BOOST_TEST(leased().token != first.token);
}

BOOST_AUTO_TEST_CASE(scripts_that_redis_has_forgotten_are_sent_again) {
  for (int round = 1; round <= 3; ++round) {
    server.command({"SCRIPT", "FLUSH"});
    server.command({"DEL", key});
    const auto l = leased();
    BOOST_TEST((renew(l) == lease_outcome::done));
    BOOST_TEST((put(l, make("{}")) == lease_outcome::done));
    BOOST_TEST((release(l) == lease_outcome::lost));
    BOOST_TEST(store.stats().reloads.get() == 4U * static_cast<unsigned>(round));
  }
  server.command({"DEL", key});
  leased();
  BOOST_TEST(store.stats().reloads.get() == 12U);
}

BOOST_AUTO_TEST_CASE(a_restarted_redis_has_forgotten_leases_and_scripts) {
  const auto l = leased();
  server.restart();
  support::run(context, [this]() -> net::task<void> {
    co_await support::until([this] { return one.link.stats().connects.get() == 2 && store.connected(); });
  });
  BOOST_TEST((put(l, make("{}")) == lease_outcome::lost));
  BOOST_TEST((claim().outcome == claim_outcome::leased));
}

BOOST_AUTO_TEST_CASE(a_full_redis_lends_nothing_and_still_gives_what_it_has) {
  const auto l = leased();
  hold_from(seconds(61), "{\"old\":1}");
  forget_lease();
  server.command({"SET", lease_key, l.token, "PX", "2000"});
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  BOOST_TEST((put(l, make("{}")) == lease_outcome::unavailable));
  BOOST_TEST(server.command({"EXISTS", lease_key}) == "0");
  for (int i = 0; i < 3; ++i) {
    const auto c = claim();
    BOOST_TEST((c.outcome == claim_outcome::unavailable));
    BOOST_REQUIRE(c.entry);
    BOOST_TEST(c.entry->plain->body() == "{\"old\":1}");
    BOOST_TEST(!c.lease.has_value());
  }
  BOOST_TEST(!enlist(id));
  server.command({"CONFIG", "SET", "maxmemory", "0"});
  hold_from(seconds(1));
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  BOOST_TEST((claim().outcome == claim_outcome::good));
  BOOST_TEST(store.stats().store_failures.get() == 1U);
  BOOST_TEST(store.stats().unavailable.get() == 3U);
  BOOST_TEST(log.count("cannot write: OOM") == 1U);
}

BOOST_AUTO_TEST_CASE(a_replica_lends_nothing_and_still_gives_what_it_has) {
  const auto l = leased();
  hold_from(seconds(61), "{\"old\":1}");
  server.command({"REPLICAOF", "127.0.0.1", "1"});
  const cache::identity other("-", "wcId", "0000016e", "9999@chatroom");
  BOOST_TEST((put(l, make("{}")) == lease_outcome::unavailable));
  BOOST_TEST((run(store.get_or_claim(other, terms(), soon())).outcome == claim_outcome::unavailable));
  const auto c = claim();
  BOOST_TEST((c.outcome == claim_outcome::unavailable));
  BOOST_REQUIRE(c.entry);
  BOOST_TEST(log.count("cannot write: READONLY") == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_stays_for_ever) {
  const auto l = leased();
  BOOST_TEST(enlist(id));
  BOOST_TEST(immortal().empty());
  BOOST_TEST((put(l, make("{}")) == lease_outcome::done));
  BOOST_TEST(immortal().empty());
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// A Redis that says whatever the script says.
struct liar : support::redis_link {
  const cache::identity id{"-", "wcId", "0000016e", "2332@chatroom"};

  redis::claim claim(std::string reply) {
    auto& c = connect_to([reply](support::conversation& talk) -> net::task<void> {
      for (;;) {
        co_await talk.command();
        co_await talk.send(reply);
      }
    });
    redis::store store(c, "ns");
    return run([&]() -> net::task<redis::claim> {
      return store.get_or_claim(id, {.now = cache::wall_now(), .fresh = seconds(60)}, support::in(seconds(5)));
    });
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_claim_believes_nothing) {
  for (std::string_view reply :
       {"+OK\r\n", ":1\r\n", "$-1\r\n", "*0\r\n", "*1\r\n$4\r\ngood\r\n", "*2\r\n$-1\r\n$4\r\ngood\r\n",
        "*2\r\n$1\r\nx\r\n$4\r\ngood\r\n", "*2\r\n$4\r\nRLCT\r\n$4\r\ngood\r\n", "*2\r\n:1\r\n$6\r\nleased\r\n",
        "*2\r\n$-1\r\n$4\r\nheld\r\n", "*2\r\n$-1\r\n$5\r\nother\r\n", "*3\r\n$-1\r\n$7\r\nrefused\r\n:1\r\n",
        "*3\r\n*0\r\n*0\r\n*0\r\n", "-ERR no\r\n", "-NOSCRIPT never\r\n", "-\r\n"}) {
    liar r;
    const auto c = r.claim(std::string(reply));
    BOOST_TEST((c.outcome == claim_outcome::unavailable), reply);
    BOOST_TEST((c.entry == nullptr));
    BOOST_TEST(!c.lease.has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_holder_s_time_is_within_bounds) {
  for (const auto& [said, believed] : {std::pair("-5", 0), {"0", 0}, {"7", 7}, {"9000000000000000000", 2000}}) {
    liar r;
    const auto c = r.claim(std::string("*3\r\n$-1\r\n$4\r\nheld\r\n:") + said + "\r\n");
    BOOST_TEST((c.outcome == claim_outcome::held));
    BOOST_TEST(c.held_for.count() == believed);
  }
}
