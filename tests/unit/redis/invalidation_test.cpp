#include "rollcall/redis/codec.hpp"

#include "../../../src/redis/invalidation.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace cache = rollcall::cache;
namespace redis = rollcall::redis;
using redis::read_invalidation;

namespace {

const redis::keys names("rollcall");
const cache::identity one("-", "wcId", "w1", "1@chatroom");
const cache::identity two("-", "wcId", "w1", "2@chatroom");
const cache::scope account = cache::scope::account("w1");
const cache::scope room = cache::scope::room("1@chatroom");

redis::reply parsed(std::string_view bytes) {
  redis::reply_reader reader(1 << 20);
  reader.feed(bytes);
  return reader.next().value().value();
}

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string message(std::string_view payload) {
  return "*3\r\n" + bulk("message") + bulk("__redis__:invalidate") + std::string(payload);
}

redis::invalidation said(std::initializer_list<std::string> keys) {
  auto payload = "*" + std::to_string(keys.size()) + "\r\n";
  for (const auto& key : keys) {
    payload += bulk(key);
  }
  return read_invalidation(parsed(message(payload)), names).value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_invalidation)

BOOST_AUTO_TEST_CASE(each_kind_of_key_is_told_apart) {
  const auto i = said({names.value(one), names.lease(two), names.signal(account), names.index_of_account("w1"),
                       names.index_of_room("1@chatroom"), "rollcall:what"});
  BOOST_TEST((i.values == std::vector{one}));
  BOOST_TEST((i.leases == std::vector{two}));
  BOOST_TEST((i.purged == std::vector{account}));
  BOOST_TEST(!i.everything);
  BOOST_TEST(i.keys == 6U);
  BOOST_TEST(i.foreign == 1U);
}

BOOST_AUTO_TEST_CASE(no_key_of_a_message_is_lost_or_told_twice) {
  const auto i = said({names.value(one), names.signal(room), names.value(two), names.lease(one), names.signal(account),
                       names.lease(two)});
  BOOST_TEST((i.values == std::vector{one, two}));
  BOOST_TEST((i.leases == std::vector{one, two}));
  BOOST_TEST((i.purged == std::vector{room, account}));
  BOOST_TEST(i.foreign == 0U);
}

BOOST_AUTO_TEST_CASE(a_foreign_key_hides_no_other) {
  const auto i =
      said({"", "rollcall:", "rollcall:{", std::string("\0\xff", 2), "other:{" + std::string(one.text()) + "}",
            names.value(one) + "x", "rollcall:purge:x:1", names.value(one)});
  BOOST_TEST((i.values == std::vector{one}));
  BOOST_TEST(i.keys == 8U);
  BOOST_TEST(i.foreign == 7U);
  BOOST_TEST(!i.everything);
}

BOOST_AUTO_TEST_CASE(a_flush_says_everything) {
  for (const auto* nothing : {"*-1\r\n", "$-1\r\n"}) {
    const auto i = read_invalidation(parsed(message(nothing)), names);
    BOOST_REQUIRE(i);
    BOOST_TEST(i->everything);
    BOOST_TEST(i->keys == 0U);
    BOOST_TEST(i->values.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_read_says_everything) {
  for (const auto& odd :
       {message(bulk(names.value(one))), message(":1\r\n"), message("+OK\r\n"), message("-ERR\r\n"), message("*0\r\n"),
        "*3\r\n" + bulk("message") + bulk("elsewhere") + "*1\r\n" + bulk(names.value(one)),
        "*3\r\n" + bulk("message") + ":1\r\n*1\r\n" + bulk(names.value(one)),
        "*2\r\n" + bulk("message") + bulk("__redis__:invalidate"), "*1\r\n" + bulk("message"),
        "*4\r\n" + bulk("message") + bulk("__redis__:invalidate") + "*1\r\n" + bulk(names.value(one)) + ":1\r\n"}) {
    const auto i = read_invalidation(parsed(odd), names);
    BOOST_REQUIRE_MESSAGE(i, odd);
    BOOST_TEST(i->everything, odd);
    BOOST_TEST(i->values.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_key_hides_no_key_and_says_everything) {
  for (const auto* odd : {":1\r\n", "$-1\r\n", "*1\r\n$1\r\nk\r\n", "-ERR\r\n"}) {
    const auto i = read_invalidation(
        parsed(message("*3\r\n" + bulk(names.value(one)) + odd + bulk(names.signal(account)))), names);
    BOOST_REQUIRE(i);
    BOOST_TEST(i->everything);
    BOOST_TEST((i->values == std::vector{one}));
    BOOST_TEST((i->purged == std::vector{account}));
    BOOST_TEST(i->keys == 3U);
    BOOST_TEST(i->foreign == 1U);
  }
}

BOOST_AUTO_TEST_CASE(replies_to_commands_are_no_messages) {
  for (const auto& reply :
       {std::string("+PONG\r\n"), std::string("-NOPERM no\r\n"), std::string(":3\r\n"), std::string("$-1\r\n"),
        std::string("*-1\r\n"), std::string("*0\r\n"), "*2\r\n" + bulk("pong") + bulk(""), bulk("message"),
        std::string("*1\r\n+message\r\n"), "*3\r\n" + bulk("subscribe") + bulk("__redis__:invalidate") + ":1\r\n",
        "*3\r\n" + bulk("Message") + bulk("__redis__:invalidate") + "*-1\r\n"}) {
    BOOST_TEST(!read_invalidation(parsed(reply), names), reply);
  }
}

BOOST_AUTO_TEST_SUITE_END()
