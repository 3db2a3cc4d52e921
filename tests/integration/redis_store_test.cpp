#include "rollcall/redis/store.hpp"
#include "rollcall/redis/value.hpp"

#include "support/redis_server.hpp"
#include "support/run.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace redis = rollcall::redis;
namespace cache = rollcall::cache;
namespace net = rollcall::net;
using redis::lookup;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const cache::identity id("-", "wcId", "0000016e", "2332@chatroom");
constexpr std::string_view key = "ns:{-:wcId:0000016e:2332@chatroom}";

net::steady_clock::time_point soon() {
  return net::steady_clock::now() + seconds(5);
}

cache::entry_ptr make(std::string_view body, cache::time_point now, const cache::identity& of = id) {
  auto e = std::make_shared<cache::entry>();
  e->id = of;
  e->version = 42;
  e->fetched_at = now;
  e->fresh_until = now + seconds(60);
  e->serve_until = now + seconds(3600);
  e->content_type = "application/json";
  e->plain = std::make_shared<const cache::variant>(e->content_type, "", body);
  if (body.size() > cache::compress_above) {
    e->gzip = std::make_shared<const cache::variant>(e->content_type, "gzip", cache::gzip_compress(body));
  }
  return e;
}

struct fixture {
  support::redis_server server;
  boost::asio::io_context context{1};
  redis::connection link{context.get_executor(), redis::parse_url(server.url()).value()};
  redis::store store{link, "ns"};
  cache::time_point now = cache::wall_now();

  fixture() {
    link.start();
    support::run(context,
                 [this]() -> net::task<void> { co_await support::until([this] { return link.connected(); }); });
  }
  ~fixture() {
    link.stop();
    try {
      support::drain(context);
    } catch (const std::exception& e) {
      BOOST_ERROR(e.what());
    }
  }

  redis::found get(const cache::identity& of = id) {
    return support::run(context, [&]() -> net::task<redis::found> { return store.get(of, now, soon()); });
  }
  bool put(cache::entry_ptr e) {
    return support::run(context, [&]() -> net::task<bool> { return store.put(e, now, soon()); });
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_store, fixture)

BOOST_AUTO_TEST_CASE(what_one_puts_another_gets) {
  BOOST_TEST((get().outcome == lookup::miss));
  for (const auto& body : {std::string("{\"code\":\"1000\",\"data\":[]}"), std::string(100'000, 'x')}) {
    BOOST_TEST(put(make(body, now)));
    const auto f = get();
    BOOST_REQUIRE((f.outcome == lookup::hit));
    BOOST_TEST(f.entry->plain->body() == body);
    BOOST_TEST((f.entry->gzip != nullptr) == (body.size() > cache::compress_above));
    BOOST_TEST(f.entry->version == 42U);
  }
  BOOST_TEST(store.stats().hits.get() == 2U);
  BOOST_TEST(store.stats().misses.get() == 1U);
  BOOST_TEST(store.stats().stores.get() == 2U);
}

BOOST_AUTO_TEST_CASE(a_key_expires_with_its_entry_and_carries_the_identity) {
  BOOST_TEST(put(make("{}", now)));
  const auto left = std::stol(server.command({"PTTL", key}));
  BOOST_TEST(left > 3'590'000);
  BOOST_TEST(left <= 3'600'000);
  BOOST_TEST(server.command({"GETRANGE", key, "8", "15"}) == std::string("\x2a\0\0\0\0\0\0\0", 8));
}

BOOST_AUTO_TEST_CASE(an_entry_that_may_not_be_served_is_neither_stored_nor_found) {
  const auto e = make("{}", now - seconds(3600));
  BOOST_TEST(!put(e));
  BOOST_TEST(server.command({"EXISTS", key}) == "0");
  server.command({"SET", key, redis::encode(*e).value()});
  BOOST_TEST((get().outcome == lookup::unfit));
  BOOST_TEST(store.stats().store_failures.get() == 0U);
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
  BOOST_TEST(put(make("{}", now)));
  BOOST_TEST((get().outcome == lookup::hit));
}

BOOST_AUTO_TEST_CASE(a_key_of_another_type_is_no_answer) {
  server.command({"RPUSH", key, "x"});
  BOOST_TEST((get().outcome == lookup::unavailable));
  BOOST_TEST(store.stats().unavailable.get() == 1U);
}

BOOST_AUTO_TEST_CASE(a_full_redis_stores_nothing_and_still_answers) {
  BOOST_TEST(put(make("{}", now)));
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  BOOST_TEST(!put(make("{\"new\":1}", now)));
  BOOST_TEST(store.stats().store_failures.get() == 1U);
  const auto f = get();
  BOOST_REQUIRE((f.outcome == lookup::hit));
  BOOST_TEST(f.entry->plain->body() == "{}");
}

BOOST_AUTO_TEST_CASE(a_frozen_redis_costs_the_deadline_and_a_dead_one_nothing) {
  server.freeze();
  support::run(context, [this]() -> net::task<void> {
    const auto start = net::steady_clock::now();
    const auto f = co_await store.get(id, now, start + milliseconds(30));
    BOOST_TEST((f.outcome == lookup::unavailable));
    BOOST_TEST(!co_await store.put(make("{}", now), now, net::steady_clock::now() + milliseconds(30)));
    BOOST_TEST((net::steady_clock::now() - start >= milliseconds(60)));
    BOOST_TEST((net::steady_clock::now() - start < seconds(5)));
  });
  server.kill();
  support::run(context, [this]() -> net::task<void> {
    co_await support::until([this] { return !link.connected(); });
    const auto f = co_await store.get(id, now, net::steady_clock::now() + seconds(60));
    BOOST_TEST((f.outcome == lookup::unavailable));
    BOOST_TEST(!co_await store.put(make("{}", now), now, net::steady_clock::now() + seconds(60)));
  });
}

BOOST_AUTO_TEST_SUITE_END()
