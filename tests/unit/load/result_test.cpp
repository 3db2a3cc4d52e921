#include "load/page.hpp"
#include "load/plot.hpp"
#include "load/result.hpp"
#include "load/table.hpp"
#include "load/words.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace rollcall::load;

result sample() {
  tally counted;
  for (int i = 1; i <= 1'000; ++i) {
    counted.latency.record(i * 1'000);
  }
  counted.requests = 1'000;
  counted.hit_latency.record(250'000);
  counted.failed.connect = 2;
  counted.failed.status[502] = 7;
  counted.wrong = 3;
  counted.outdated = 1;
  counted.hits = {900, 50, 20, 30, 0};
  result made;
  made.settings = {{"rate", "null"}, {"target", R"(["http://127.0.0.1:8080"])"}};
  made.started = "2020-01-02T03:04:05Z";
  take(made, counted, 2);
  made.series = {{.t = 0, .requests = 600, .p50_us = 400, .p99_us = 900, .hits = counted.hits, .upstream_calls = 5},
                 {.t = 1, .requests = 400, .p50_us = 500, .p99_us = 990, .errors = 9}};
  made.moments = {{.requests = 60, .errors = 1, .wrong = 2, .worst = 5'000'000, .worst_hit = 1'000'000}, {}};
  made.events = {{0.5, R"(echo "<hi>" & kill)", 1}};
  made.cpu_us_per_request = 7.5;
  return made;
}

BOOST_AUTO_TEST_SUITE(results)

BOOST_AUTO_TEST_CASE(a_tally_becomes_percentiles_in_microseconds) {
  const auto r = sample();
  BOOST_TEST(r.throughput == 500.0);
  BOOST_TEST(r.latency.min == 1.0);
  BOOST_TEST(r.latency.mean == 500.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(r.latency.p50 == 500.0, boost::test_tools::tolerance(0.004));
  BOOST_TEST(r.latency.p999 == 999.0, boost::test_tools::tolerance(0.004));
  BOOST_TEST(r.latency.p9999 == 1000.0, boost::test_tools::tolerance(0.004));
  BOOST_TEST(r.latency.max == 1000.0);
  BOOST_TEST(r.hit_ratio().value() == 0.97, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(r.errors.total() == 9U);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again) {
  const auto text = to_json(sample());
  const auto read = from_json(text);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(to_json(*read) == text);
  BOOST_TEST(read->errors.status.at(502) == 7U);
  BOOST_TEST(!read->rss_bytes);
  BOOST_TEST(read->cpu_us_per_request.value() == 7.5);
  BOOST_TEST(read->events.at(0).command == R"(echo "<hi>" & kill)");
  BOOST_TEST(!read->series.at(1).upstream_calls);
  BOOST_TEST(read->hit_latency.max == 250.0);
  BOOST_TEST(read->moments.at(0).worst_hit == 1'000'000);
  BOOST_TEST(read->moments.at(0).wrong == 2U);
  BOOST_TEST(read->moments.size() == 2U);
}

BOOST_AUTO_TEST_CASE(results_of_earlier_versions_are_read_without_what_they_lack) {
  auto text = to_json(sample());
  const auto cut = [&text](std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    BOOST_REQUIRE(at != std::string::npos);
    text.erase(at, text.find(to, at + 1) - at);
  };
  cut(R"(,"hits_us")", R"(,"histogram")");
  cut(R"(,"moments")", "}\n");
  const auto read = from_json(text);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(read->moments.empty());
  BOOST_TEST(read->hit_latency.count == 0U);
  BOOST_TEST(read->requests == 1'000U);
}

BOOST_AUTO_TEST_CASE(other_json_is_refused) {
  auto text = to_json(sample());
  BOOST_TEST(!from_json("").has_value());
  BOOST_TEST(!from_json("[]").has_value());
  BOOST_TEST(!from_json("{}").has_value());
  BOOST_TEST(!from_json(R"({"schema":1})").has_value());
  BOOST_TEST(!from_json(text.substr(0, text.size() / 2)).has_value());
  BOOST_TEST(!from_json(text.replace(text.find(R"("schema":1)"), 10, R"("schema":2)")).has_value());
}

BOOST_AUTO_TEST_CASE(a_comparison_tells_what_the_second_is_to_the_first) {
  auto b = sample();
  b.throughput = 1'000;
  b.wrong = 0;
  const auto text = comparison_of(sample(), b);
  BOOST_TEST(text.contains("requests a second              500         1,000      2.00"));
  BOOST_TEST(text.contains("wrong answers                    3             0      0.00"));
  BOOST_TEST(!text.contains("memory")); // neither was measured
}

BOOST_AUTO_TEST_CASE(the_table_names_every_kind_of_failure) {
  const auto text = table_of(sample());
  BOOST_TEST(text.contains("connect 2, HTTP 502 7"));
  BOOST_TEST(text.contains("3 (1 of them outdated)"));
  BOOST_TEST(text.contains("97.00 %"));
}

BOOST_AUTO_TEST_CASE(the_page_needs_nothing_else_and_lets_nothing_in) {
  const auto page = page_of({{"<script>alert(1)</script>", sample()}, {"b", result()}});
  BOOST_TEST(!page.contains("<script"));
  BOOST_TEST(!page.contains("src="));
  BOOST_TEST(!page.contains("<hi>"));
  BOOST_TEST(page.contains("&lt;hi&gt;"));
  BOOST_TEST(page.contains("prefers-color-scheme: dark"));
  BOOST_TEST(!page.contains("nan"));
  BOOST_TEST(!page.contains("inf"));
  for (const auto* const title : {"Latency by percentile", "Latency over time", "Hit ratio", "Upstream calls"}) {
    BOOST_TEST(page.contains(title));
  }
}

BOOST_AUTO_TEST_CASE(numbers_are_written_for_people) {
  BOOST_TEST(with_commas(0) == "0");
  BOOST_TEST(with_commas(999) == "999");
  BOOST_TEST(with_commas(1'234'567) == "1,234,567");
  BOOST_TEST(duration_text(1.234) == "1.23 us");
  BOOST_TEST(duration_text(999.7) == "1.00 ms");
  BOOST_TEST(duration_text(12'345) == "12.3 ms");
  BOOST_TEST(duration_text(3'420'000) == "3.42 s");
  BOOST_TEST(percent(0.99984) == "99.98 %");
  BOOST_TEST(bytes_text(1536) == "1.50 KiB");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
