#include "../../../src/redis/scripts.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace redis = rollcall::redis;

BOOST_AUTO_TEST_SUITE(redis_scripts)

BOOST_AUTO_TEST_CASE(a_script_is_known_by_the_sha1_of_its_text) {
  const redis::script s(1, "return 1");
  BOOST_TEST(s.sha1() == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  BOOST_TEST(s.text() == "return 1");
  BOOST_TEST(s.keys() == "1");
}

BOOST_AUTO_TEST_CASE(every_script_is_its_own) {
  std::set<std::string> names;
  for (const auto* s : {&redis::claim_script(), &redis::renew_script(), &redis::release_script(), &redis::put_script(),
                        &redis::purge_script(), &redis::enlist_script(), &redis::signal_script()}) {
    names.insert(s->sha1());
  }
  BOOST_TEST(names.size() == 7U);
}

BOOST_AUTO_TEST_CASE(an_error_has_a_kind) {
  BOOST_TEST(redis::kind_of("OOM command not allowed when used memory > 'maxmemory'.") == "OOM");
  BOOST_TEST(redis::kind_of("NOSCRIPT No matching script. Please use EVAL.") == "NOSCRIPT");
  BOOST_TEST(redis::kind_of("ERR unknown command `EVALSHA`") == "ERR");
  BOOST_TEST(redis::kind_of("ERR") == "ERR");
  BOOST_TEST(redis::kind_of("").empty());
}

BOOST_AUTO_TEST_CASE(an_error_that_a_script_met_has_the_kind_of_that_error) {
  BOOST_TEST(redis::kind_of("@user_script: 40: -OOM command not allowed when used memory > 'maxmemory'.") == "OOM");
  BOOST_TEST(redis::kind_of("ERR Error running script (call to f_0a1b): @user_script:3: -READONLY You can't write "
                            "against a read only replica.") == "READONLY");
  BOOST_TEST(redis::kind_of("@user_script: 4: Wrong number of args") == "@user_script:");
  BOOST_TEST(redis::kind_of("ERR Error running script: -") == "ERR");
}

BOOST_AUTO_TEST_SUITE_END()
