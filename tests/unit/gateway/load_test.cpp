#include "rollcall/gateway/load.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace rollcall::gateway;

BOOST_AUTO_TEST_SUITE(load_suite)

BOOST_AUTO_TEST_CASE(so_many_are_let_in_and_a_place_is_free_again_when_its_holder_ends) {
  rollcall::net::byte_budget bytes(1);
  load l(bytes);
  l.change(2);
  {
    auto first = l.enter();
    const auto second = l.enter();
    BOOST_TEST(first.has_value());
    BOOST_TEST(second.has_value());
    const auto moved = std::move(*first);
    const auto third = l.enter();
    BOOST_REQUIRE(!third);
    BOOST_TEST((third.error() == overload::in_flight));
    BOOST_TEST(l.under_way() == 2U);
  }
  BOOST_TEST(l.under_way() == 0U);
  BOOST_TEST(l.enter().has_value());
  BOOST_TEST(l.turned_away(overload::in_flight) == 1U);
  BOOST_TEST(l.turned_away(overload::bytes) == 0U);
}

BOOST_AUTO_TEST_CASE(nobody_is_let_in_while_the_buffers_are_full) {
  rollcall::net::byte_budget bytes(10);
  load l(bytes);
  l.change(2);
  bytes.add(10);
  const auto refused = l.enter();
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error() == overload::bytes));
  BOOST_TEST(l.under_way() == 0U);
  BOOST_TEST(l.turned_away(overload::bytes) == 1U);
  bytes.subtract(1);
  BOOST_TEST(l.enter().has_value());
}

BOOST_AUTO_TEST_CASE(every_reason_has_a_word_and_a_sentence) {
  for (int i = 1; i <= overload_count; ++i) {
    BOOST_TEST(!label_of(static_cast<overload>(i)).empty());
    BOOST_TEST(!to_string(static_cast<overload>(i)).empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
