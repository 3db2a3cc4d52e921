#include "rollcall/ops/counter.hpp"
#include "rollcall/ops/metrics.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <random>
#include <string>

using namespace rollcall::ops;
using namespace std::chrono_literals;

namespace {

void check_line(const std::string& text, std::string_view line) {
  const auto needle = std::string{"\n"}.append(line).append("\n");
  BOOST_CHECK_MESSAGE(("\n" + text).contains(needle), "no line \"" << line << "\" in:\n" << text);
}

#ifndef NDEBUG
/// Whether `act` ends a process of its own by an assertion.
bool aborts(const std::function<void()>& act) {
  const auto child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);
    act();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
#endif

} // namespace

BOOST_AUTO_TEST_SUITE(metrics_text)

BOOST_AUTO_TEST_CASE(readings_with_equal_name_and_labels_are_summed) {
  counter a;
  counter b;
  counter other;
  metrics all;
  const auto read = [](const counter& from) { return [&from] { return static_cast<double>(from.get()); }; };
  all.add("rollcall_hits_total", "Answers from memory.", metric_kind::counter, {{"from", "memory"}}, read(a));
  all.add("rollcall_hits_total", "Answers from memory.", metric_kind::counter, {{"from", "memory"}}, read(b));
  all.add("rollcall_hits_total", "Answers from memory.", metric_kind::counter, {{"from", "redis"}}, read(other));
  a.add(3);
  b.add(39);
  other.add();
  const auto text = all.render();
  check_line(text, "# HELP rollcall_hits_total Answers from memory.");
  check_line(text, "# TYPE rollcall_hits_total counter");
  check_line(text, R"(rollcall_hits_total{from="memory"} 42)");
  check_line(text, R"(rollcall_hits_total{from="redis"} 1)");
  BOOST_CHECK_EQUAL(text.find("# TYPE"), text.rfind("# TYPE"));
}

BOOST_AUTO_TEST_CASE(each_rendering_reads_anew) {
  double value = 1;
  metrics all;
  all.add("rollcall_open", "Open.", metric_kind::gauge, {}, [&] { return value; });
  check_line(all.render(), "# TYPE rollcall_open gauge");
  check_line(all.render(), "rollcall_open 1");
  value = 2.5;
  check_line(all.render(), "rollcall_open 2.5");
}

BOOST_AUTO_TEST_CASE(a_count_of_many_digits_is_exact) {
  metrics all;
  all.add("rollcall_bytes_total", "Bytes.", metric_kind::counter, {}, [] { return 9007199254740991.0; });
  check_line(all.render(), "rollcall_bytes_total 9007199254740991");
}

BOOST_AUTO_TEST_CASE(label_values_are_escaped) {
  metrics all;
  all.add("rollcall_up", "Up.", metric_kind::gauge, {{"url", "a\"b\\c\nd"}}, [] { return 1.0; });
  check_line(all.render(), R"(rollcall_up{url="a\"b\\c\nd"} 1)");
}

BOOST_AUTO_TEST_CASE(nothing_registered_renders_nothing) {
  BOOST_CHECK_EQUAL(metrics{}.render(), "");
}

BOOST_AUTO_TEST_CASE(a_histogram_is_cumulative_and_summed_over_its_sources) {
  histogram one;
  histogram two;
  one.observe(0ns);
  one.observe(100us); // a bound is inclusive
  one.observe(100'001ns);
  two.observe(30s);
  two.observe(30s + 1ns);
  two.observe(-5s);
  metrics all;
  all.add_histogram("rollcall_wait_seconds", "Waiting.", {{"for", "redis"}}, one);
  all.add_histogram("rollcall_wait_seconds", "Waiting.", {{"for", "redis"}}, two);
  const auto text = all.render();
  check_line(text, "# TYPE rollcall_wait_seconds histogram");
  check_line(text, R"(rollcall_wait_seconds_bucket{for="redis",le="0.0001"} 3)");
  check_line(text, R"(rollcall_wait_seconds_bucket{for="redis",le="0.0005"} 4)");
  check_line(text, R"(rollcall_wait_seconds_bucket{for="redis",le="0.0025"} 4)");
  check_line(text, R"(rollcall_wait_seconds_bucket{for="redis",le="10"} 4)");
  check_line(text, R"(rollcall_wait_seconds_bucket{for="redis",le="30"} 5)");
  check_line(text, R"(rollcall_wait_seconds_bucket{for="redis",le="+Inf"} 6)");
  check_line(text, R"(rollcall_wait_seconds_count{for="redis"} 6)");
  BOOST_CHECK(text.contains(R"(rollcall_wait_seconds_sum{for="redis"} 60.000)"));
}

BOOST_AUTO_TEST_CASE(every_duration_lands_in_the_first_bucket_that_holds_it) {
  static_assert(std::ranges::is_sorted(histogram::bounds));
  std::mt19937_64 random{3};
  for (int i = 0; i < 10'000; ++i) {
    histogram h;
    const std::chrono::nanoseconds took{static_cast<std::int64_t>(random() >> (random() % 63 + 1))};
    h.observe(took);
    const auto now = h.read();
    BOOST_REQUIRE_EQUAL(now.count, 1U);
    for (std::size_t b = 0; b < now.buckets.size(); ++b) {
      const bool above_lower = b == 0 || took > histogram::bounds[b - 1];
      const bool below_upper = b == histogram::bounds.size() || took <= histogram::bounds[b];
      BOOST_CHECK_EQUAL(now.buckets[b], above_lower && below_upper ? 1U : 0U);
    }
  }
}

#ifndef NDEBUG
BOOST_AUTO_TEST_CASE(one_name_is_one_metric) {
  const auto zero = [] { return 0.0; };
  metrics all;
  all.add("rollcall_x_total", "X.", metric_kind::counter, {}, zero);
  BOOST_CHECK(!aborts([&] { all.add("rollcall_x_total", "X.", metric_kind::counter, {}, zero); }));
  BOOST_CHECK(aborts([&] { all.add("rollcall_x_total", "Y.", metric_kind::counter, {}, zero); }));
  BOOST_CHECK(aborts([&] { all.add("rollcall_x", "X.", metric_kind::counter, {}, zero); }));
  BOOST_CHECK(aborts([&] { all.add("rollcall_x_total", "X.", metric_kind::gauge, {}, zero); }));
  BOOST_CHECK(aborts([&] { all.add("x_total", "X.", metric_kind::counter, {}, zero); }));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
