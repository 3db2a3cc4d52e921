#include "support/redis_stores.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace redis = rollcall::redis;
namespace cache = rollcall::cache;
namespace net = rollcall::net;
using redis::claim_outcome;
using redis::lease_outcome;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const std::string account_a = "0000016e";
const std::string account_b = "b:{%}";
const std::string room_x = "x@chatroom";
const std::string room_y = "y@chatroom";

/// Is told what changes under a prefix.
class follower {
public:
  follower(const support::redis_server& server, const std::string& prefix)
      : link_(redisConnectUnixWithTimeout(server.socket().c_str(), {10, 0}), redisFree) {
    redisSetTimeout(link_.get(), {10, 0});
    const auto self = std::to_string(ask("CLIENT ID")->integer);
    ask("CLIENT TRACKING ON REDIRECT " + self + " BCAST PREFIX " + prefix);
    ask("SUBSCRIBE __redis__:invalidate");
  }

  /// The keys that have changed, in order, up to `last`.
  std::vector<std::string> until(const std::string& last) {
    std::vector<std::string> keys;
    while (keys.empty() || keys.back() != last) {
      const auto message = reply();
      for (std::size_t i = 0; i < message->element[2]->elements; ++i) {
        const auto& key = *message->element[2]->element[i];
        keys.emplace_back(key.str, key.len);
      }
    }
    return keys;
  }

private:
  using reply_type = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

  reply_type ask(const std::string& command) {
    redisAppendCommand(link_.get(), command.c_str());
    return reply();
  }
  reply_type reply() {
    void* r = nullptr;
    if (redisGetReply(link_.get(), &r) != REDIS_OK) {
      throw std::runtime_error("Redis tells nothing");
    }
    return {static_cast<redisReply*>(r), freeReplyObject};
  }

  std::unique_ptr<redisContext, decltype(&redisFree)> link_;
};

struct fixture : support::redis_stores {
  using names = std::set<std::string>;

  /// Enlisted and held, as a fill leaves it.
  cache::identity fill(const cache::identity& of) {
    BOOST_REQUIRE(enlist(of));
    hold(make("{}", now, of));
    return of;
  }
  /// Two accounts, two rooms, two credentials, two names of the room: 16 identities.
  std::vector<cache::identity> fill_all() {
    std::vector<cache::identity> all;
    for (const auto& account : {account_a, account_b}) {
      for (const auto& room : {room_x, room_y}) {
        for (std::string_view credential : {"-", "0123456789abcdef"}) {
          for (std::string_view field : {"wcId", "chatRoomId"}) {
            all.push_back(fill({credential, field, account, room}));
          }
        }
      }
    }
    return all;
  }

  std::optional<std::vector<cache::identity>> purge(const cache::scope& s, std::vector<cache::identity> also = {}) {
    return run(store.purge(s, std::move(also), now, seconds(5)));
  }
  static names texts(const std::vector<cache::identity>& ids) {
    names all;
    for (const auto& each : ids) {
      all.emplace(each.text());
    }
    return all;
  }
  /// Purges, and proves that just what the scope covers is gone.
  void purges_exactly(const cache::scope& s, std::size_t expected) {
    const auto all = fill_all();
    const auto gone = purge(s);
    BOOST_REQUIRE(gone.has_value());
    BOOST_TEST(gone->size() == expected);
    BOOST_TEST(texts(*gone).size() == expected);
    for (const auto& each : all) {
      BOOST_TEST((get(each).outcome == redis::lookup::hit) == !s.covers(each), each.text());
    }
    BOOST_TEST(store.stats().purged.get() == expected);
    BOOST_TEST(immortal().empty());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_purge, fixture)

BOOST_AUTO_TEST_CASE(a_purge_of_an_account_takes_all_its_rooms) {
  purges_exactly(cache::scope::account(account_b), 8);
}

BOOST_AUTO_TEST_CASE(a_purge_of_a_room_takes_it_from_every_account) {
  purges_exactly(cache::scope::room(room_x), 8);
}

BOOST_AUTO_TEST_CASE(a_purge_of_a_room_of_an_account_takes_no_more) {
  purges_exactly(cache::scope::of(account_b, room_y), 4);
}

BOOST_AUTO_TEST_CASE(who_asks_after_a_purge_gets_nothing_from_before) {
  fill(id);
  BOOST_TEST((claim().outcome == claim_outcome::good));
  BOOST_TEST(purge(cache::scope::account(account_a)).value().size() == 1U);
  BOOST_TEST((get().outcome == redis::lookup::miss));
  BOOST_TEST((run(store.verify(id, 42, now, soon())).outcome == redis::verification::different));
  const auto c = claim();
  BOOST_TEST((c.outcome == claim_outcome::leased));
  BOOST_TEST((c.entry == nullptr));
}

BOOST_AUTO_TEST_CASE(a_tombstone_goes_by_itself) {
  fill(id);
  purge(cache::scope::account(account_a));
  BOOST_TEST(redis::is_tombstone(server.command({"GET", key})));
  BOOST_TEST(left_of(key) > 4000);
  BOOST_TEST(left_of(key) <= 5000);
}

BOOST_AUTO_TEST_CASE(what_redis_has_lost_gets_a_tombstone_too_and_counts_for_nothing) {
  BOOST_TEST(enlist(id));
  BOOST_TEST(purge(cache::scope::account(account_a)).value().empty());
  BOOST_TEST(redis::is_tombstone(server.command({"GET", key})));
  BOOST_TEST(purge(cache::scope::account(account_a)).value().empty());
  BOOST_TEST(store.stats().purged.get() == 0U);
}

BOOST_AUTO_TEST_CASE(every_purge_leaves_a_tombstone_of_its_own) {
  BOOST_TEST(enlist(id));
  purge(cache::scope::account(account_a));
  const auto first = server.command({"GET", key});
  purge(cache::scope::account(account_a));
  BOOST_TEST(server.command({"GET", key}) != first);
}

BOOST_AUTO_TEST_CASE(what_the_indexes_do_not_know_is_purged_where_it_is_named_and_covered) {
  const cache::identity other("-", "wcId", "0000016f", "2332@chatroom");
  hold(make("{}"));
  hold(make("{}", now, other));
  const auto gone = purge(cache::scope::account(account_a), {id, other, id});
  BOOST_TEST((texts(gone.value()) == names{std::string(id.text())}));
  BOOST_TEST((get().outcome == redis::lookup::miss));
  BOOST_TEST((get(other).outcome == redis::lookup::hit));
}

BOOST_AUTO_TEST_CASE(a_purge_takes_the_lease_and_nobody_else_s) {
  const cache::identity other("-", "wcId", "0000016f", "2332@chatroom");
  BOOST_TEST(enlist(id));
  BOOST_TEST(enlist(other));
  const auto l = leased(two.store);
  const auto kept = run(store.get_or_claim(other, terms(), soon())).lease.value();
  BOOST_TEST(purge(cache::scope::account(account_a)).has_value());
  BOOST_TEST((run(two.store.put(l, make("{}"), now, soon())) == lease_outcome::lost));
  BOOST_TEST((put(kept, make("{}", now, other)) == lease_outcome::done));
}

// A fill that was enlisted before its fetch is found, though it has no value yet and the purger never heard of it.
BOOST_AUTO_TEST_CASE(a_fill_under_way_elsewhere_is_found_and_kept_out) {
  const auto l = leased(two.store);
  BOOST_TEST(run(two.store.enlist(id, now, now + seconds(60), soon())));
  for (const auto& s : {cache::scope::account(account_a), cache::scope::room("2332@chatroom")}) {
    BOOST_TEST(purge(s).value().empty());
    BOOST_TEST((run(two.store.put(l, make("{}"), now, soon())) == lease_outcome::lost));
  }
}

BOOST_AUTO_TEST_CASE(a_thousand_identities_leave_in_few_writes) {
  std::vector<cache::identity> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(fill({"-", "wcId", account_a, std::to_string(i) + "@chatroom"}));
  }
  fill({"-", "wcId", "0000016f", "0@chatroom"});
  const auto before = one.link.stats().writes.get();
  const auto gone = purge(cache::scope::account(account_a));
  BOOST_TEST((texts(gone.value()) == texts(all)));
  BOOST_TEST(one.link.stats().writes.get() - before < 20U);
  for (const auto& each : all) {
    BOOST_REQUIRE((get(each).outcome == redis::lookup::miss));
  }
  BOOST_TEST((get({"-", "wcId", "0000016f", "0@chatroom"}).outcome == redis::lookup::hit));
}

BOOST_AUTO_TEST_CASE(a_purge_reads_an_index_of_many_pages) {
  std::vector<cache::identity> all;
  for (int i = 0; i < 5000; ++i) {
    all.emplace_back("-", "wcId", account_a, std::to_string(i) + "@chatroom");
    server.command({"ZADD", "ns:w:" + account_a, "9e15", all.back().text()});
  }
  hold(make("{}", now, all.front()));
  hold(make("{}", now, all.back()));
  const auto gone = purge(cache::scope::account(account_a));
  BOOST_TEST((texts(gone.value()) == texts({all.front(), all.back()})));
  for (const auto& each : all) {
    BOOST_REQUIRE(server.command({"EXISTS", "ns:{" + std::string(each.text()) + "}"}) == "1");
  }
}

BOOST_AUTO_TEST_CASE(a_redis_that_has_forgotten_the_scripts_still_purges) {
  fill_all();
  server.command({"SCRIPT", "FLUSH"});
  BOOST_TEST(purge(cache::scope::account(account_a)).value().size() == 8U);
}

BOOST_AUTO_TEST_CASE(a_full_redis_still_purges) {
  fill_all();
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  BOOST_TEST(purge(cache::scope::room(room_x)).value().size() == 8U);
  BOOST_TEST(log.count("OOM") == 0U);
}

BOOST_AUTO_TEST_CASE(a_purge_that_redis_refuses_is_not_confirmed) {
  fill(id);
  server.command({"REPLICAOF", "127.0.0.1", "1"});
  BOOST_TEST(!purge(cache::scope::account(account_a)).has_value());
  server.command({"REPLICAOF", "NO", "ONE"});
  server.command({"ACL", "SETUSER", "default", "-zscan"});
  BOOST_TEST(!purge(cache::scope::account(account_a)).has_value());
  server.command({"ACL", "SETUSER", "default", "+zscan"});
  BOOST_TEST(purge(cache::scope::account(account_a)).value().size() == 1U);
  BOOST_TEST(log.count("cannot write: READONLY") == 1U);
  BOOST_TEST(log.count("cannot read: NOPERM") == 1U);
}

// src/redis/README.md tells operators which these are.
BOOST_AUTO_TEST_CASE(the_documented_rights_are_enough) {
  server.command({"ACL", "SETUSER", "default", "resetkeys", "~ns:*", "-@all", "+get", "+set", "+getrange", "+del",
                  "+pttl", "+zadd", "+zscore", "+zscan", "+eval", "+evalsha", "+pexpire", "+zremrangebyscore"});
  const auto l = leased();
  BOOST_TEST(enlist(id));
  BOOST_TEST((run(store.renew(l, soon())) == lease_outcome::done));
  BOOST_TEST((put(l, make("{}")) == lease_outcome::done));
  BOOST_TEST((get().outcome == redis::lookup::hit));
  BOOST_TEST((run(store.verify(id, 42, now, soon())).outcome == redis::verification::same));
  BOOST_TEST(run(store.list(cache::scope::account(account_a), now, 9, seconds(5))).size() == 1U);
  BOOST_TEST(purge(cache::scope::account(account_a)).value().size() == 1U);
  BOOST_TEST((run(store.release(leased(), soon())) == lease_outcome::done));
  BOOST_TEST(server.command({"PING"}).starts_with("NOPERM"));
  BOOST_TEST(log.count("NOPERM") == 0U);
}

BOOST_AUTO_TEST_CASE(rubbish_in_an_index_is_passed_over) {
  fill(id);
  const std::string index = "ns:w:" + account_a;
  for (std::string_view rubbish :
       {"", "x", "-:wcId:0000016f:2332@chatroom", "-:wcId:0000016e", "-:wcId:0000016e:{r}"}) {
    server.command({"ZADD", index, "9e15", rubbish});
  }
  BOOST_TEST((texts(purge(cache::scope::account(account_a)).value()) == names{std::string(id.text())}));
  BOOST_TEST(server.command({"KEYS", "*016f*"}).empty());
}

BOOST_AUTO_TEST_CASE(an_index_of_another_type_is_replaced) {
  server.command({"SET", "ns:w:" + account_a, "x"});
  server.command({"RPUSH", "ns:r:2332@chatroom", "x"});
  BOOST_TEST(purge(cache::scope::account(account_a)).value().empty());
  BOOST_TEST(run(store.list(cache::scope::account(account_a), now, 10, seconds(5))).empty());
  fill(id);
  BOOST_TEST(purge(cache::scope::account(account_a)).value().size() == 1U);
  fill(id);
  BOOST_TEST(purge(cache::scope::room("2332@chatroom")).value().size() == 1U);
  BOOST_TEST(immortal().empty());
}

BOOST_AUTO_TEST_CASE(both_indexes_are_told_in_one_write) {
  enlist(id); // Redis knows the script from now on
  const auto before = one.link.stats().writes.get();
  BOOST_TEST(enlist(id));
  BOOST_TEST(one.link.stats().writes.get() - before == 1U);
  for (std::string_view index : {"ns:w:0000016e", "ns:r:2332@chatroom"}) {
    BOOST_TEST(server.command({"ZRANGE", index, "0", "-1"}) == id.text());
  }
}

BOOST_AUTO_TEST_CASE(an_index_lasts_as_long_as_what_it_lists_and_a_minute) {
  const std::string index = "ns:w:" + account_a;
  const auto score = [&] { return std::stoll(server.command({"ZSCORE", index, id.text()})); };
  const auto enlist_for = [&](seconds life) { return run(store.enlist(id, now, now + life, soon())); };
  BOOST_TEST(enlist_for(seconds(100)));
  BOOST_TEST(score() == (now + seconds(100)).time_since_epoch().count());
  BOOST_TEST(left_of(index) > 155'000);
  BOOST_TEST(left_of(index) <= 160'000);
  BOOST_TEST(enlist_for(seconds(200)));
  BOOST_TEST(score() == (now + seconds(200)).time_since_epoch().count());
  BOOST_TEST(left_of(index) > 255'000);
  BOOST_TEST(enlist_for(seconds(10))); // changes nothing
  BOOST_TEST(score() == (now + seconds(200)).time_since_epoch().count());
  BOOST_TEST(left_of(index) > 255'000);
}

BOOST_AUTO_TEST_CASE(identities_whose_time_is_over_leave_the_index) {
  const std::string index = "ns:w:" + account_a;
  const cache::identity next("-", "wcId", account_a, room_y);
  BOOST_TEST(run(store.enlist(id, now, now + seconds(100), soon())));
  const auto end = now + seconds(100);
  // Another gateway's clock may be a minute ahead.
  BOOST_TEST(run(store.enlist(next, end + minutes(1) - milliseconds(1), end + minutes(10), soon())));
  BOOST_TEST(server.command({"ZCARD", index}) == "2");
  BOOST_TEST(run(store.enlist(next, end + minutes(1), end + minutes(10), soon())));
  BOOST_TEST(server.command({"ZRANGE", index, "0", "-1"}) == next.text());
}

BOOST_AUTO_TEST_CASE(identities_whose_time_is_over_are_not_purged) {
  BOOST_TEST(enlist(id));
  BOOST_TEST(run(store.purge(cache::scope::account(account_a), {}, now + seconds(3600) + minutes(1), seconds(5)))
                 .value()
                 .empty());
  BOOST_TEST(server.command({"EXISTS", key}) == "0");
}

BOOST_AUTO_TEST_CASE(tracking_is_told_of_a_purge_once_and_nothing_is_left_of_the_signal) {
  fill(id);
  follower changes(server, "ns:");
  BOOST_TEST(purge(cache::scope::account(account_a)).has_value());
  BOOST_TEST(server.command({"KEYS", "ns:purge:*"}).empty());
  server.command({"SET", "ns:end", "x"});
  const auto told = changes.until("ns:end");
  BOOST_TEST(std::ranges::count(told, "ns:purge:w:" + account_a) == 1);
  BOOST_TEST(std::ranges::count(told, key) == 1);
  BOOST_TEST((std::ranges::find(told, "ns:purge:w:" + account_a) < std::ranges::find(told, key)));
}

BOOST_AUTO_TEST_CASE(a_list_has_what_the_index_knows_and_redis_holds) {
  const auto all = fill_all();
  server.command({"SET", "ns:{" + std::string(all.front().text()) + "}", redis::tombstone(1)});
  const auto list = [&](const cache::scope& s, std::size_t most) { return run(store.list(s, now, most, seconds(5))); };
  BOOST_TEST(list(cache::scope::account(account_a), 100).size() == 7U);
  BOOST_TEST(list(cache::scope::account(account_b), 100).size() == 8U);
  BOOST_TEST(list(cache::scope::room(room_x), 100).size() == 7U);
  BOOST_TEST(list(cache::scope::of(account_b, room_x), 100).size() == 4U);
  BOOST_TEST(list(cache::scope::room("nobody's"), 100).empty());
  BOOST_TEST(list(cache::scope::account(account_b), 3).size() == 3U);
  BOOST_TEST(list(cache::scope::account(account_b), 0).empty());
  for (const auto& e : list(cache::scope::room(room_y), 100)) {
    BOOST_TEST(cache::scope::room(room_y).covers(e->id));
    BOOST_TEST(e->plain->body() == "{}");
  }
  BOOST_TEST(store.stats().hits.get() == 0U);
}

BOOST_AUTO_TEST_CASE(a_list_goes_on_where_redis_holds_nothing) {
  for (int i = 0; i < 300; ++i) {
    const cache::identity each("-", "wcId", account_a, std::to_string(i) + "@chatroom");
    if (i % 10 == 0) {
      fill(each);
    } else {
      enlist(each);
    }
  }
  BOOST_TEST(run(store.list(cache::scope::account(account_a), now, 25, seconds(5))).size() == 25U);
  BOOST_TEST(run(store.list(cache::scope::account(account_a), now, 100, seconds(5))).size() == 30U);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// A Redis that says what the test says.
struct peer : support::redis_link {
  const cache::identity id{"-", "wcId", account_a, room_x};
  const cache::identity other{"-", "wcId", account_a, room_y};

  /// To each command in turn, and then nothing more.
  redis::connection& saying(std::vector<std::string> answers) {
    return connect_to([answers](support::conversation& talk) -> net::task<void> {
      for (const auto& each : answers) {
        co_await talk.command();
        co_await talk.send(each);
      }
      co_await talk.ignore();
    });
  }
  bool purges(std::vector<std::string> answers) {
    redis::store store(saying(std::move(answers)), "ns");
    return run([&]() -> net::task<bool> {
      const auto gone =
          co_await store.purge(cache::scope::account(account_a), {id, other}, cache::wall_now(), milliseconds(100));
      co_return gone.has_value();
    });
  }
  bool enlists(std::vector<std::string> answers) {
    redis::store store(saying(std::move(answers)), "ns");
    const auto now = cache::wall_now();
    return run(
        [&]() -> net::task<bool> { return store.enlist(id, now, now + seconds(60), support::in(milliseconds(100))); });
  }
};

const std::string yes = ":1\r\n";
const std::string no = "-READONLY You can't write against a read only replica.\r\n";
const std::string empty_index = "*2\r\n$1\r\n0\r\n*0\r\n";

} // namespace

BOOST_AUTO_TEST_CASE(a_purge_is_confirmed_only_as_a_whole) {
  BOOST_TEST(peer().purges({yes, yes, yes, empty_index}));
  BOOST_TEST(!peer().purges({no, yes, yes, empty_index}));
  BOOST_TEST(!peer().purges({yes, no, yes, empty_index}));
  BOOST_TEST(!peer().purges({yes, yes, no, empty_index}));
  BOOST_TEST(!peer().purges({yes, yes, "$-1\r\n", empty_index}));
  BOOST_TEST(!peer().purges({yes, yes, yes, no}));
  BOOST_TEST(!peer().purges({yes, yes, yes, "*1\r\n$1\r\n0\r\n"}));
  for (const auto& answers : {std::vector<std::string>{}, {yes}, {yes, yes}, {yes, yes, yes}}) {
    BOOST_TEST(!peer().purges(answers));
  }
}

BOOST_AUTO_TEST_CASE(an_identity_is_enlisted_only_when_both_indexes_have_it) {
  BOOST_TEST(peer().enlists({yes, yes}));
  BOOST_TEST(!peer().enlists({no, yes}));
  BOOST_TEST(!peer().enlists({yes, no}));
  BOOST_TEST(!peer().enlists({yes}));
}

BOOST_AUTO_TEST_CASE(an_index_without_an_end_is_given_up) {
  peer p;
  redis::store store(p.connect_to([](support::conversation& talk) -> net::task<void> {
    for (;;) {
      const auto command = co_await talk.command();
      co_await talk.send(command[0] == "ZSCAN" ? "*2\r\n$1\r\n5\r\n*0\r\n" : yes);
    }
  }),
                     "ns");
  const auto scope = cache::scope::account(account_a);
  p.run([&]() -> net::task<void> {
    BOOST_TEST(!(co_await store.purge(scope, {p.id}, cache::wall_now(), seconds(5))).has_value());
    BOOST_TEST((co_await store.list(scope, cache::wall_now(), 10, seconds(5))).empty());
  });
  BOOST_TEST(p.log.count("an index without an end, of w:" + account_a) == 1U);
}
