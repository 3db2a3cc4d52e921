#include "herding/report.hpp"

#include <boost/test/unit_test.hpp>

#include <numeric>
#include <vector>

namespace {

using namespace rollcall::herding;

BOOST_AUTO_TEST_SUITE(reports)

BOOST_AUTO_TEST_CASE(a_percentile_is_one_of_the_values_by_the_nearest_rank) {
  std::vector<double> hundred(100);
  std::iota(hundred.begin(), hundred.end(), 1.0);
  BOOST_TEST(percentile(hundred, 0.5) == 50.0);
  BOOST_TEST(percentile(hundred, 0.99) == 99.0);
  BOOST_TEST(percentile(hundred, 0.991) == 100.0);
  BOOST_TEST(percentile(hundred, 1.0) == 100.0);
  BOOST_TEST(percentile(hundred, 0.0) == 1.0);
}

BOOST_AUTO_TEST_CASE(of_few_values_a_high_percentile_is_the_greatest) {
  BOOST_TEST(percentile({7.0}, 0.5) == 7.0);
  BOOST_TEST(percentile({1.0, 2.0, 3.0}, 0.5) == 2.0);
  BOOST_TEST(percentile({1.0, 2.0, 3.0}, 0.99) == 3.0);
}

BOOST_AUTO_TEST_CASE(a_round_is_a_line_of_json_with_its_latencies_in_order) {
  report r;
  r.round = 3;
  r.calls = 1;
  r.wrong = 2;
  r.asking = 1.25;
  r.answering = 0.5;
  r.latencies = {4.0, 1.0, 3.0, 2.0};
  BOOST_TEST(to_json(r) == R"({"round":3,"calls":1,"answers":4,"wrong":2,"asking":1.250,"answering":0.500,)"
                           R"("min":1.000,"p50":2.000,"p99":4.000,"max":4.000})");
}

BOOST_AUTO_TEST_CASE(without_a_right_answer_there_are_no_times) {
  report r;
  r.round = 1;
  r.wrong = 500;
  BOOST_TEST(to_json(r) == R"({"round":1,"calls":0,"answers":0,"wrong":500,"asking":0.000,"answering":0.000,)"
                           R"("min":null,"p50":null,"p99":null,"max":null})");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
