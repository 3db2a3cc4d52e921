#include "rollcall/gateway/redis_budget.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using rollcall::gateway::redis_budget;
using std::chrono::milliseconds;

namespace {

/// What a round trip begun now may take.
bool has(redis_budget& b, milliseconds wanted) {
  const auto now = rollcall::net::steady_clock::now();
  const auto most = redis_budget::expense(b).deadline() - now;
  return most >= wanted && most < wanted + milliseconds(500);
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_budgets)

BOOST_AUTO_TEST_CASE(every_round_trip_takes_from_the_whole) {
  redis_budget b(milliseconds(10'000));
  BOOST_TEST(!b.spent());
  b.spend(milliseconds(4'000));
  BOOST_TEST(has(b, milliseconds(5'990)));
  b.spend(milliseconds(6'000));
  BOOST_TEST(b.spent());
}

BOOST_AUTO_TEST_CASE(a_further_go_has_what_is_left_to_those_who_have_been_on_board) {
  redis_budget b(milliseconds(10'000));
  b.spend(milliseconds(3'000));
  b.go_on(1);
  BOOST_TEST(has(b, milliseconds(6'990)));
  b.spend(milliseconds(2'000));
  b.go_on(2);
  BOOST_TEST(has(b, milliseconds(4'990)), "one has seen both");
  b.spend(milliseconds(1'000));
  b.go_on(1);
  BOOST_TEST(has(b, milliseconds(8'990)), "who has seen only the last may spend more");
  b.spend(milliseconds(9'000));
  b.go_on(2);
  BOOST_TEST(b.spent());
  b.go_on(0);
  BOOST_TEST(has(b, milliseconds(9'990)), "nobody has been waiting");
}

BOOST_AUTO_TEST_CASE(who_has_seen_more_goes_than_there_were_has_seen_them_all) {
  redis_budget b(milliseconds(10'000));
  b.spend(milliseconds(1'000));
  b.go_on(7);
  BOOST_TEST(has(b, milliseconds(8'990)));
}

BOOST_AUTO_TEST_SUITE_END()
