#include "rollcall/cache/lease_patience.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(lease_patience_suite)

BOOST_AUTO_TEST_CASE(two_holders_are_waited_for_however_long_each_takes) {
  rollcall::cache::lease_patience p;
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(p.waits_for(7));
  BOOST_TEST(p.waits_for(0));
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(p.waits_for(8));
  BOOST_TEST(!p.waits_for(9));
  BOOST_TEST(!p.waits_for(9));
}

BOOST_AUTO_TEST_SUITE_END()
