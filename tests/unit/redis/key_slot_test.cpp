#include "../../../src/redis/key_slot.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using rollcall::redis::key_slot;

BOOST_AUTO_TEST_SUITE(redis_key_slot)

// What CLUSTER KEYSLOT of Redis 7.0.15 says; 0x31c3 is the specification's own example.
BOOST_AUTO_TEST_CASE(a_key_has_the_slot_that_redis_gives_it) {
  BOOST_TEST(key_slot("123456789") == 0x31c3);
  BOOST_TEST(key_slot("") == 0);
  BOOST_TEST(key_slot("bar") == 5061);
}

BOOST_AUTO_TEST_CASE(what_is_in_braces_decides) {
  BOOST_TEST(key_slot("foo{bar}{zap}") == 5061);
  BOOST_TEST(key_slot("foo{}{bar}") == 8363);
  BOOST_TEST(key_slot("foo{{bar}}zap") == 4015);
  BOOST_TEST(key_slot("foo{{bar}}zap") == key_slot("{bar"));
  BOOST_TEST(key_slot("}{bar}") == 5061);
  BOOST_TEST(key_slot("{bar") != 5061);
}

BOOST_AUTO_TEST_CASE(an_answer_and_its_lease_are_in_one_slot) {
  const std::string value = "rollcall:{-:wcId:0000016e:2332@chatroom}";
  BOOST_TEST(key_slot(value + ":lease") == 1524);
  BOOST_TEST(key_slot(value) == key_slot(value + ":lease"));
}

BOOST_AUTO_TEST_CASE(any_bytes_have_a_slot) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
    BOOST_TEST(key_slot(all) < rollcall::redis::slot_count);
  }
}

BOOST_AUTO_TEST_SUITE_END()
