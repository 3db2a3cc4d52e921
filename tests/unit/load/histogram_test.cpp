#include "load/histogram.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using rollcall::load::histogram;

BOOST_AUTO_TEST_SUITE(histograms)

BOOST_AUTO_TEST_CASE(every_quantile_is_within_0_4_percent_of_the_exact_one_up_to_60_seconds) {
  std::mt19937_64 random(1);
  std::vector<std::int64_t> values;
  histogram h;
  for (int i = 0; i < 200'000; ++i) {
    const double exponent = std::uniform_real_distribution<>(0, 10.778)(random); // 1 ns to 60 s
    values.push_back(static_cast<std::int64_t>(std::pow(10, exponent)));
    h.record(values.back());
  }
  std::ranges::sort(values);
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto exact = values[static_cast<std::size_t>(share * static_cast<double>(values.size())) - 1];
    const auto told = h.quantile(share);
    BOOST_TEST(told >= exact);
    BOOST_TEST(static_cast<double>(told) <= static_cast<double>(exact) * 1.004 + 1);
  }
  BOOST_TEST(h.min() == values.front());
  BOOST_TEST(h.max() == values.back());
  BOOST_TEST(h.count() == values.size());
}

BOOST_AUTO_TEST_CASE(each_value_falls_into_a_bucket_that_holds_it) {
  for (std::int64_t value = 0; value < histogram::longest; value = value * 9 / 8 + 1) {
    histogram h;
    h.record(value);
    const auto buckets = h.buckets();
    BOOST_REQUIRE(buckets.size() == 1U);
    BOOST_TEST(buckets[0].upper >= value);
    BOOST_TEST(static_cast<double>(buckets[0].upper - value) <= static_cast<double>(value) / 256);
  }
}

BOOST_AUTO_TEST_CASE(what_is_too_long_or_negative_counts_at_the_end_of_the_range) {
  histogram h;
  h.record(-5);
  h.record(histogram::longest * 3);
  BOOST_TEST(h.min() == 0);
  BOOST_TEST(h.max() == histogram::longest);
  BOOST_TEST(h.quantile(1) == histogram::longest);
}

BOOST_AUTO_TEST_CASE(two_of_them_add_up_and_a_cleared_one_is_as_new) {
  histogram a;
  histogram b;
  histogram both;
  for (const std::int64_t value : {100, 7'000, 900'000}) {
    a.record(value);
    b.record(value * 3);
    both.record(value);
    both.record(value * 3);
  }
  a.add(b);
  BOOST_TEST(a.count() == both.count());
  BOOST_TEST(a.min() == both.min());
  BOOST_TEST(a.max() == both.max());
  BOOST_TEST(a.mean() == both.mean());
  BOOST_TEST(a.quantile(0.5) == both.quantile(0.5));
  a.clear();
  BOOST_TEST(a.count() == 0U);
  BOOST_TEST(a.quantile(0.5) == 0);
  BOOST_TEST(a.buckets().empty());
  a.record(5);
  BOOST_TEST(a.quantile(0.5) == 5);
  BOOST_TEST(a.min() == 5);
}

BOOST_AUTO_TEST_CASE(one_slow_answer_in_a_thousand_is_the_last_thousandth) {
  histogram h;
  for (int i = 0; i < 999; ++i) {
    h.record(1'000);
  }
  h.record(1'000'000);
  BOOST_TEST(h.quantile(0.999) < 1'010);
  BOOST_TEST(h.quantile(0.9999) == 1'000'000);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
