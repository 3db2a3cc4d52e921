#include "rollcall/gateway/allowance.hpp"

#include <boost/test/unit_test.hpp>

using rollcall::gateway::allow;

BOOST_AUTO_TEST_SUITE(allowance)

BOOST_AUTO_TEST_CASE(where_there_are_enough_descriptors_all_is_as_wanted) {
  const auto a = allow(65536, {10000, 4000, 8, 1});
  BOOST_TEST(a.enough);
  BOOST_TEST(a.connections == 10000U);
  BOOST_TEST(a.in_flight == 4000U);
  BOOST_TEST(allow(a.needed, {10000, 4000, 8, 1}).enough);
  BOOST_TEST(!allow(a.needed - 1, {10000, 4000, 8, 1}).enough);
}

BOOST_AUTO_TEST_CASE(where_there_are_not_some_are_kept_for_everything_else) {
  for (const std::size_t descriptors : {64U, 128U, 256U, 512U, 1024U, 4096U, 14000U})
    for (const std::size_t lanes : {1U, 2U, 16U, 256U}) {
      const auto a = allow(descriptors, {10000, 4000, lanes, 1});
      BOOST_TEST(!a.enough);
      BOOST_TEST(a.connections >= 1U);
      BOOST_TEST(a.in_flight >= 1U);
      BOOST_TEST(a.connections > 2 * a.in_flight); // clients want answers from memory first
      BOOST_TEST(a.connections + a.in_flight + 32 <= descriptors);
    }
}

BOOST_AUTO_TEST_CASE(nothing_gets_more_than_is_wanted) {
  const auto a = allow(1024, {5000, 10, 2, 1});
  BOOST_TEST(a.in_flight == 10U);
  BOOST_TEST(a.connections < 1024U);
  const auto b = allow(1024, {10, 5000, 2, 1});
  BOOST_TEST(b.connections == 10U);
}

BOOST_AUTO_TEST_CASE(each_instance_has_idle_connections_of_its_own_to_every_lane) {
  const auto one = allow(65536, {10000, 4000, 8, 1});
  const auto ten = allow(65536, {10000, 4000, 8, 10});
  BOOST_TEST(ten.needed == one.needed + 9 * 8 * 64);
}

BOOST_AUTO_TEST_SUITE_END()
