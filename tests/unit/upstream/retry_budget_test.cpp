#include "rollcall/upstream/retry_budget.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace rollcall::upstream;
using time_point = retry_budget::time_point;

std::size_t withdraw_all(retry_budget& b, time_point now) {
  std::size_t n = 0;
  while (n < 10'000 && b.withdraw(now))
    ++n;
  return n;
}

BOOST_AUTO_TEST_SUITE(retry_budget_suite)

BOOST_AUTO_TEST_CASE(three_a_second_are_always_allowed_on_average) {
  retry_budget b(0.2);
  auto now = time_point() + 1h;
  BOOST_TEST(withdraw_all(b, now) == 30U);
  now += 9s;
  BOOST_TEST(withdraw_all(b, now) == 0U);
  now += 1s;
  BOOST_TEST(withdraw_all(b, now) == 30U, "the first ones are ten seconds ago");
}

BOOST_AUTO_TEST_CASE(beyond_that_it_is_a_fifth_of_the_calls_of_ten_seconds) {
  retry_budget b(0.2);
  auto now = time_point() + 1h;
  for (int second = 0; second < 10; ++second, now += 1s)
    for (int i = 0; i < 100; ++i)
      b.deposit(now);
  now -= 1s;
  BOOST_TEST(withdraw_all(b, now) == 200U);
  now += 5s;
  BOOST_TEST(withdraw_all(b, now) == 0U);
  now += 1h;
  BOOST_TEST(withdraw_all(b, now) == 30U, "nothing is left of old calls");
}

BOOST_AUTO_TEST_CASE(a_share_of_nothing_is_nothing) {
  retry_budget none(0);
  BOOST_TEST(!none.withdraw(time_point() + 1h));
}

// Whatever the schedule, no ten seconds (of which the current one is not over) have more than is allowed.
BOOST_AUTO_TEST_CASE(no_ten_seconds_ever_have_more) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 50; ++trial) {
    retry_budget b(0.2);
    const unsigned busy = random() % 40 + 1;
    std::vector<time_point> calls, retries;
    auto now = time_point() + 1h + std::chrono::milliseconds(random() % 1000);
    for (int i = 0; i < 5000; ++i) {
      now += std::chrono::milliseconds(random() % busy);
      b.deposit(now);
      calls.push_back(now);
      if (random() % 2 == 0 || !b.withdraw(now))
        continue;
      retries.push_back(now);
      const auto since = std::chrono::floor<std::chrono::seconds>(now) - 9s;
      const auto in_window = [&](const auto& all) {
        return static_cast<double>(std::ranges::count_if(all, [&](auto at) { return at >= since; }));
      };
      BOOST_REQUIRE(in_window(retries) <= std::max(30.0, 0.2 * in_window(calls)));
    }
    BOOST_TEST(!retries.empty());
  }
}

BOOST_AUTO_TEST_CASE(only_what_the_instance_cannot_have_begun_to_answer_is_worth_another_attempt) {
  for (int i = 1; i <= failure_count; ++i) {
    const auto f = static_cast<failure>(i);
    BOOST_TEST(is_worth_repeating(f) == (f == failure::unreachable || f == failure::unanswered), label_of(f));
  }
  for (unsigned status = 200; status < 600; ++status)
    BOOST_TEST(is_worth_repeating(status) == (status == 502), status);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
