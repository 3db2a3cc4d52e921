#include "rollcall/upstream/health.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rollcall::upstream::failure;
using rollcall::upstream::failure_count;
using rollcall::upstream::health;
using rollcall::upstream::speaks_against_instance;

const health::time_point start{1000h};

/// What is logged while it lives.
struct logged {
  logged() : before(spdlog::default_logger()) {
    auto log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
    log->set_pattern("%l %v");
    spdlog::set_default_logger(log);
  }
  ~logged() { spdlog::set_default_logger(before); }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::istringstream in(text.str());
    for (std::string line; std::getline(in, line);)
      all.push_back(line);
    return all;
  }
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> before;
};

BOOST_AUTO_TEST_SUITE(health_suite)

BOOST_AUTO_TEST_CASE(one_line_says_that_it_is_ejected_and_why_and_one_that_it_is_back) {
  const logged log;
  health h("http://a:1", {.after = 3, .first = 100ms, .most = 100ms});
  for (int i = 0; i < 50; ++i)
    h.failed(start, "cannot be reached", "Connection refused");
  BOOST_REQUIRE(log.lines().size() == 1U);
  for (const std::string_view word : {"warning instance http://a:1 is ejected", "3 failures in a row",
                                      "cannot be reached: Connection refused", "100 ms"})
    BOOST_TEST(log.lines()[0].find(word) != std::string::npos, log.lines()[0]);
  BOOST_TEST(h.is_ejected());
  BOOST_TEST(!h.takes(start));
  h.succeeded(start + 1500ms);
  h.succeeded(start + 1600ms);
  BOOST_REQUIRE(log.lines().size() == 2U);
  BOOST_TEST(log.lines()[1] == "info instance http://a:1 answers again, after 1500 ms");
  BOOST_TEST(h.takes(start));
}

BOOST_AUTO_TEST_CASE(what_will_not_get_better_by_itself_is_told_at_once_and_once) {
  const logged log;
  health h("https://a", {.after = 0, .first = 1ms, .most = 1ms});
  for (int i = 0; i < 5; ++i)
    h.failed(start, "its certificate is not accepted", "expired", true);
  h.failed(start, "its certificate is not accepted", "another name", true);
  BOOST_REQUIRE(log.lines().size() == 2U);
  BOOST_TEST(log.lines()[0] == "warning instance https://a: its certificate is not accepted: expired");
  BOOST_TEST(log.lines()[1] == "warning instance https://a: its certificate is not accepted: another name");
}

BOOST_AUTO_TEST_CASE(its_state_is_told) {
  const logged log;
  health h("a", {.after = 2, .first = 100ms, .most = 100ms});
  BOOST_TEST(!h.now().ejected);
  h.failed(start, "x");
  BOOST_TEST(h.now().failures == 1U);
  BOOST_TEST(h.now().last_failure == "x");
  h.failed(start, "y", "z");
  const auto out = h.now();
  BOOST_TEST(out.ejected);
  BOOST_TEST(out.ejections == 1U);
  BOOST_TEST((out.until == start + 100ms));
  BOOST_TEST(out.last_failure == "y: z");
  h.succeeded(start);
  BOOST_TEST(h.now().failures == 0U);
  BOOST_TEST(h.now().last_failure == "");
  BOOST_TEST(h.now().ejections == 1U);
}

// Of many threads that ask at the moment when its pause is over, one gets the call.
BOOST_AUTO_TEST_CASE(one_call_is_let_through_whoever_asks) {
  const logged log;
  health h("a", {.after = 1, .first = 1h, .most = 1h});
  h.failed(start, "x");
  std::atomic<int> let_through = 0;
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < 8; ++i)
      all.emplace_back([&] {
        for (int n = 0; n < 1000; ++n)
          let_through += h.takes(start + 1h) ? 1 : 0;
      });
  }
  BOOST_TEST(let_through == 1);
}

BOOST_AUTO_TEST_CASE(only_what_the_instance_did_speaks_against_it) {
  for (int i = 1; i <= failure_count; ++i) {
    const auto f = static_cast<failure>(i);
    const bool not_its_doing = f == failure::too_large || f == failure::no_instance || f == failure::ejected;
    BOOST_TEST(speaks_against_instance(f) == !not_its_doing);
  }
  for (const unsigned status : {502U, 503U, 504U})
    BOOST_TEST(speaks_against_instance(status));
  for (const unsigned status : {200U, 400U, 404U, 429U, 500U, 501U, 505U})
    BOOST_TEST(!speaks_against_instance(status));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
