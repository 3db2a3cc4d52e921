#include "support/redis_stores.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace redis = rollcall::redis;
namespace cache = rollcall::cache;
namespace net = rollcall::net;
using redis::lease_outcome;
using redis::lookup;
using redis::verification;
using std::chrono::milliseconds;
using std::chrono::seconds;

BOOST_FIXTURE_TEST_SUITE(redis_store, support::redis_stores)

BOOST_AUTO_TEST_CASE(what_one_puts_another_gets) {
  BOOST_TEST((get().outcome == lookup::miss));
  for (const auto& body : {std::string("{\"code\":\"1000\",\"data\":[]}"), std::string(100'000, 'x')}) {
    server.command({"DEL", key});
    BOOST_TEST((put(leased(), make(body)) == lease_outcome::done));
    const auto f = run(two.store.get(id, now, soon()));
    BOOST_REQUIRE((f.outcome == lookup::hit));
    BOOST_TEST(f.entry->plain->body() == body);
    BOOST_TEST((f.entry->gzip != nullptr) == (body.size() > cache::compress_above));
    BOOST_TEST(f.entry->version == 42U);
  }
  BOOST_TEST(two.store.stats().hits.get() == 2U);
  BOOST_TEST(store.stats().misses.get() == 3U);
  BOOST_TEST(store.stats().stores.get() == 2U);
}

BOOST_AUTO_TEST_CASE(a_key_expires_with_its_entry_and_carries_the_identity) {
  BOOST_TEST((put(leased(), make("{}")) == lease_outcome::done));
  BOOST_TEST(left_of(key) > 3'590'000);
  BOOST_TEST(left_of(key) <= 3'600'000);
  BOOST_TEST(server.command({"GETRANGE", key, "8", "15"}) == std::string("\x2a\0\0\0\0\0\0\0", 8));
}

BOOST_AUTO_TEST_CASE(an_entry_that_may_not_be_served_is_neither_stored_nor_found) {
  const auto e = make("{}", now - seconds(3600), id);
  const auto l = leased();
  BOOST_TEST((put(l, e) == lease_outcome::unavailable));
  BOOST_TEST(server.command({"EXISTS", key}) == "0");
  BOOST_TEST(server.command({"GET", lease_key}) == l.token);
  hold(e);
  BOOST_TEST((get().outcome == lookup::unfit));
  BOOST_TEST(store.stats().store_failures.get() == 0U);
}

BOOST_AUTO_TEST_CASE(an_entry_that_would_not_come_out_does_not_go_in) {
  auto e = std::make_shared<cache::entry>(*make("{}"));
  e->plain = cache::variant::make("text/\t", "", "{}");
  BOOST_TEST((put(leased(), e) == lease_outcome::unavailable));
  BOOST_TEST(server.command({"EXISTS", key}) == "0");
  BOOST_TEST(store.stats().store_failures.get() == 1U);
  BOOST_TEST(log.count("is not stored: bad_content_type") == 1U);
}

BOOST_AUTO_TEST_CASE(the_value_of_another_identity_is_unfit) {
  const cache::identity other("-", "wcId", "0000016e", "9999@chatroom");
  server.command({"SET", key, redis::encode(*make("{\"secret\":1}", now, other)).value()});
  const auto f = get();
  BOOST_TEST((f.outcome == lookup::unfit));
  BOOST_TEST((f.entry == nullptr));
  BOOST_TEST(store.stats().unfit.get() == 1U);
}

BOOST_AUTO_TEST_CASE(rubbish_is_unfit_and_the_next_store_replaces_it) {
  for (std::string_view rubbish : {"", "hello", "RLCL"}) {
    server.command({"SET", key, rubbish});
    BOOST_TEST((get().outcome == lookup::unfit));
  }
  BOOST_TEST((put(leased(), make("{}")) == lease_outcome::done));
  BOOST_TEST((get().outcome == lookup::hit));
}

BOOST_AUTO_TEST_CASE(a_key_of_another_type_is_unfit_and_the_next_store_replaces_it) {
  server.command({"RPUSH", key, "x"});
  BOOST_TEST((get().outcome == lookup::unfit));
  BOOST_TEST((run(store.verify(id, 42, now, soon())).outcome == verification::different));
  BOOST_TEST((put(leased(), make("{}")) == lease_outcome::done));
  BOOST_TEST((get().outcome == lookup::hit));
}

BOOST_AUTO_TEST_CASE(a_tombstone_is_a_miss) {
  server.command({"SET", key, redis::tombstone(7)});
  BOOST_TEST((get().outcome == lookup::miss));
  BOOST_TEST(store.stats().misses.get() == 1U);
  BOOST_TEST(log.count("warning") + log.count("unfit") == 0U);
}

BOOST_AUTO_TEST_CASE(a_version_is_the_same_only_while_redis_holds_it) {
  const auto verify = [this](std::uint64_t version) { return run(store.verify(id, version, now, soon())).outcome; };
  BOOST_TEST((verify(42) == verification::different));
  BOOST_TEST((verify(0) == verification::different));
  hold(make("{}"));
  BOOST_TEST((verify(42) == verification::same));
  BOOST_TEST((verify(43) == verification::different));
  BOOST_TEST((verify(0) == verification::different));
  hold(make("{}", now, id, 43));
  BOOST_TEST((verify(42) == verification::different));
  const auto instead = run(store.verify(id, 42, now, soon())).entry;
  BOOST_REQUIRE(instead);
  BOOST_TEST(instead->version == 43U);
  server.command({"SET", key, redis::tombstone(7)});
  BOOST_TEST((verify(43) == verification::different));
  server.command({"SET", key, "RLCL\2"});
  BOOST_TEST((verify(43) == verification::different));
  BOOST_TEST(store.stats().verified.get() == 1U);
  BOOST_TEST(store.stats().refuted.get() == 8U);
}

BOOST_AUTO_TEST_CASE(what_redis_forbids_is_said_once_a_kind) {
  server.command({"ACL", "SETUSER", "default", "-get", "-getrange", "-evalsha"});
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST((get().outcome == lookup::unavailable));
    BOOST_TEST((run(store.verify(id, 42, now, soon())).outcome == verification::unavailable));
    BOOST_TEST((claim().outcome == redis::claim_outcome::unavailable));
    BOOST_TEST((put({id, "t"}, make("{}")) == lease_outcome::unavailable));
    BOOST_TEST(!enlist(id));
  }
  BOOST_TEST(log.count("cannot read: NOPERM") == 1U);
  BOOST_TEST(log.count("cannot claim: NOPERM") == 1U);
  BOOST_TEST(log.count("cannot write: NOPERM") == 1U);
}

// Nothing that goes wrong and right again with every request fills the log.
BOOST_AUTO_TEST_CASE(trouble_that_comes_and_goes_is_said_once) {
  const cache::identity bad("-", "wcId", "0000016e", "bad@chatroom");
  server.command({"SET", "ns:{-:wcId:0000016e:bad@chatroom}", "rubbish"});
  hold(make("{}"));
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST((get(bad).outcome == lookup::unfit));
    BOOST_TEST((get().outcome == lookup::hit));
  }
  BOOST_TEST(log.count("is unfit") == 1U);
}

BOOST_AUTO_TEST_CASE(a_frozen_redis_costs_the_deadline_and_a_dead_one_nothing) {
  redis::connection_options o;
  o.breaker.failures = 100; // it would open after five
  gateway patient(context, server, o);
  auto& asked = patient.store;
  support::run(context,
               [&]() -> net::task<void> { co_await support::until([&] { return patient.link.connected(); }); });
  const auto l = leased(asked);
  server.freeze();
  const auto briefly = [] { return support::in(milliseconds(30)); };
  const auto start = net::steady_clock::now();
  BOOST_TEST((run(asked.get(id, now, briefly())).outcome == lookup::unavailable));
  BOOST_TEST((run(asked.get_or_claim(id, terms(), briefly())).outcome == redis::claim_outcome::unavailable));
  BOOST_TEST((run(asked.verify(id, 1, now, briefly())).outcome == verification::unavailable));
  BOOST_TEST((run(asked.put(l, make("{}"), now, briefly())) == lease_outcome::unavailable));
  BOOST_TEST((run(asked.renew(l, briefly())) == lease_outcome::unavailable));
  BOOST_TEST((run(asked.release(l, briefly())) == lease_outcome::unavailable));
  BOOST_TEST(!run(asked.enlist(id, now, now + seconds(60), briefly())));
  BOOST_TEST(!run(asked.purge(cache::scope::account("0000016e"), {id}, now, milliseconds(30))).has_value());
  BOOST_TEST(run(asked.list(cache::scope::account("0000016e"), now, 10, milliseconds(30))).empty());
  BOOST_TEST((net::steady_clock::now() - start >= milliseconds(9 * 30)));
  BOOST_TEST((net::steady_clock::now() - start < seconds(5)));
  server.kill();
  support::run(context, [&]() -> net::task<void> { co_await support::until([&] { return !asked.connected(); }); });
  BOOST_TEST((run(asked.get(id, now, soon())).outcome == lookup::unavailable));
  BOOST_TEST((claim(asked).outcome == redis::claim_outcome::unavailable));
  BOOST_TEST((run(asked.put(l, make("{}"), now, soon())) == lease_outcome::unavailable));
  BOOST_TEST(!run(asked.purge(cache::scope::account("0000016e"), {id}, now, seconds(5))).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
