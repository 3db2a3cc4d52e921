#include "load/pace.hpp"
#include "load/popularity.hpp"
#include "load/questions.hpp"
#include "load/town.hpp"
#include "load/versions.hpp"
#include "load/wishes.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace rollcall;
using namespace rollcall::load;

std::vector<double> shares(std::size_t size, double exponent, int draws) {
  const popularity rooms(size, exponent);
  standin::random_source random(7);
  std::vector<double> counted(size);
  for (int i = 0; i < draws; ++i) {
    counted[rooms.draw(random)] += 1.0 / draws;
  }
  return counted;
}

BOOST_AUTO_TEST_SUITE(workloads)

BOOST_AUTO_TEST_CASE(rooms_are_asked_for_as_zipf_says) {
  constexpr std::size_t size = 1'000;
  for (const double exponent : {0.0, 0.9, 1.3}) {
    double sum = 0;
    for (std::size_t i = 1; i <= size; ++i) {
      sum += std::pow(static_cast<double>(i), -exponent);
    }
    const auto counted = shares(size, exponent, 1'000'000);
    for (const std::size_t i : {0UL, 1UL, 9UL, 99UL, 999UL}) {
      const double expected = std::pow(static_cast<double>(i + 1), -exponent) / sum;
      BOOST_TEST(counted[i] == expected, boost::test_tools::tolerance(5.0 / std::sqrt(expected * 1e6)));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_single_room_is_the_one_asked_for) {
  BOOST_TEST(shares(1, 0.9, 100)[0] == 1.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(the_same_seed_wishes_the_same_and_threads_differ) {
  const popularity rooms(1'000, 0.9);
  const auto first_hundred = [&](std::uint64_t seed, std::size_t thread) {
    wishes w(rooms, 0.1, seed, thread);
    std::vector<std::size_t> seen;
    for (int i = 0; i < 100; ++i) {
      const auto next = w.next();
      seen.push_back(2 * next.room + (next.write ? 1 : 0));
    }
    return seen;
  };
  BOOST_TEST(first_hundred(1, 0) == first_hundred(1, 0));
  BOOST_TEST(first_hundred(1, 0) != first_hundred(2, 0));
  BOOST_TEST(first_hundred(1, 0) != first_hundred(1, 1));
}

BOOST_AUTO_TEST_CASE(as_many_are_writes_as_the_churn_says) {
  const popularity rooms(10, 0);
  wishes w(rooms, 0.05, 1, 0);
  int writes = 0;
  for (int i = 0; i < 100'000; ++i) {
    writes += w.next().write ? 1 : 0;
  }
  BOOST_TEST(writes > 4'700);
  BOOST_TEST(writes < 5'300);
}

BOOST_AUTO_TEST_CASE(intended_times_of_all_threads_are_even_whatever_happens_and_do_not_drift) {
  constexpr std::int64_t begin = 1'000'000'000'000;
  std::vector<std::int64_t> times;
  for (std::size_t thread = 0; thread < 3; ++thread) {
    pace p(begin, 3'000, 3, thread);
    for (int i = 0; i < 100; ++i, p.advance()) {
      times.push_back(p.next() - begin);
    }
  }
  std::ranges::sort(times);
  for (std::size_t i = 0; i < times.size(); ++i) {
    BOOST_TEST(std::abs(static_cast<double>(times[i]) - static_cast<double>(i) * 1e9 / 3'000) <= 1);
  }
  pace slow(begin, 7'777.7, 1, 0);
  for (int i = 0; i < 3'600 * 7'777; ++i) {
    slow.advance();
  }
  BOOST_TEST(std::abs(static_cast<double>(slow.next() - begin) - 3'600.0 * 7'777 / 7'777.7 * 1e9) < 1e3);
}

BOOST_AUTO_TEST_CASE(what_was_due_and_not_sent_is_counted) {
  pace p(0, 1'000, 1, 0);
  BOOST_TEST(p.left_before(10'000'000) == 10U);
  p.advance();
  p.advance();
  BOOST_TEST(p.left_before(10'000'000) == 8U);
  BOOST_TEST(p.left_before(0) == 0U);
}

BOOST_AUTO_TEST_CASE(no_two_bots_share_a_room_and_each_has_its_own_credential) {
  const town t(7, 11, {}, 1);
  std::set<std::string> rooms;
  std::set<std::string> bots;
  for (std::size_t i = 0; i < t.size(); ++i) {
    rooms.insert(t.room(i));
    bots.insert(t.w_id(i) + t.token(i));
  }
  BOOST_TEST(rooms.size() == 77U);
  BOOST_TEST(bots.size() == 7U);
}

BOOST_AUTO_TEST_CASE(a_range_takes_the_mixed_rooms_of_that_size) {
  const town t(5, 40, {.least = 4, .most = 9}, 1);
  for (std::size_t i = 0; i < t.size(); ++i) {
    const auto size = standin::original_size({.seed = 1}, t.room(i));
    BOOST_TEST((size >= 4 && size <= 9));
  }
}

BOOST_AUTO_TEST_CASE(one_write_a_room_at_a_time_and_an_unconfirmed_one_is_the_last) {
  versions v(2, 0);
  BOOST_TEST((v.begin_write(0) == 1U));
  BOOST_TEST(!v.begin_write(0));
  BOOST_TEST((v.begin_write(1) == 1U));
  BOOST_TEST(v.oldest(0, 10) == 0U);
  BOOST_TEST(v.newest(0) == 1U);
  v.confirm(0, 10);
  BOOST_TEST(v.settled(0));
  BOOST_TEST(!v.settled(1));
  BOOST_TEST(v.oldest(0, 11) == 1U);
  BOOST_TEST((v.begin_write(0) == 2U));
}

BOOST_AUTO_TEST_CASE(within_its_grace_a_confirmed_write_may_still_be_unknown) {
  versions v(1, 100);
  v.begin_write(0);
  v.confirm(0, 1'000);
  BOOST_TEST(v.oldest(0, 1'100) == 0U);
  BOOST_TEST(v.oldest(0, 1'101) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
