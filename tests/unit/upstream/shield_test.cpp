#include "rollcall/upstream/shield.hpp"

#include "support/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace rollcall::upstream;
namespace net = rollcall::net;
using admitted = std::expected<pass, refusal>;
using steady_clock = net::steady_clock;

shield_options fixed(unsigned concurrency, std::chrono::milliseconds spacing = 0ms) {
  shield_options o;
  o.admission.jitter = 0;
  o.admission.spacing = spacing;
  o.admission.concurrency = {.least = concurrency, .most = concurrency};
  return o;
}

const rollcall::ops::counter& refused(const shield& s, refusal_reason r) {
  return s.stats(0).refused[static_cast<std::size_t>(r) - 1];
}

/// One thread's loop, in which calls come and wait.
struct lane {
  admitted enter(shield& s, std::string w_id, std::chrono::milliseconds patience = 10s, urgency who = urgency::client) {
    return support::run(context, [&] {
      return s.enter({0, std::move(w_id), who, steady_clock::now() + patience}, context.get_executor());
    });
  }
  ~lane() { support::drain(context, 2s); }
  net::asio::io_context context;
};

BOOST_AUTO_TEST_SUITE(shield_suite)

BOOST_AUTO_TEST_CASE(a_pass_that_is_dropped_frees_its_place) {
  shield s({"here"}, fixed(1));
  lane l;
  {
    const auto first = l.enter(s, "a");
    BOOST_TEST(first.has_value());
    BOOST_TEST(s.load(0).running == 1U);
    const auto second = l.enter(s, "b", 50ms);
    BOOST_TEST_REQUIRE(!second.has_value());
    BOOST_TEST((second.error().why == refusal_reason::late));
  }
  BOOST_TEST(s.load(0).running == 0U);
  auto third = l.enter(s, "b", 50ms);
  BOOST_TEST_REQUIRE(third.has_value());
  third->finish(admission::ending::answered);
  BOOST_TEST(s.load(0).running == 0U);
  BOOST_TEST(s.stats(0).admitted.get() == 2U);
  BOOST_TEST(refused(s, refusal_reason::late).get() == 1U);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_when_a_place_is_free_on_another_thread) {
  shield s({"here"}, fixed(1));
  lane mine;
  auto first = mine.enter(s, "a");
  std::jthread other([&] {
    lane its;
    const auto began = steady_clock::now();
    BOOST_TEST(its.enter(s, "b").has_value());
    BOOST_TEST((steady_clock::now() - began < 5s), "it was woken");
  });
  while (s.load(0).waiting == 0)
    std::this_thread::yield();
  first->finish(admission::ending::answered);
  other.join();
  BOOST_TEST(s.stats(0).waited.get() == 1U);
}

BOOST_AUTO_TEST_CASE(who_will_not_have_a_turn_in_time_is_not_kept_waiting) {
  shield s({"here"}, fixed(10, 1s));
  lane l;
  auto first = l.enter(s, "a");
  first->sending();
  const auto began = steady_clock::now();
  const auto second = l.enter(s, "a", 500ms);
  BOOST_TEST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().why == refusal_reason::paced));
  BOOST_TEST((second.error().retry_after > 0s));
  const auto refresh = l.enter(s, "a", 10s, urgency::refresh);
  BOOST_TEST(!refresh.has_value());
  BOOST_TEST((steady_clock::now() - began < 300ms));
  BOOST_TEST(s.stats(0).skipped.get() == 1U);
  BOOST_TEST(refused(s, refusal_reason::paced).get() == 1U, "a refresh is not counted among the clients");
}

BOOST_AUTO_TEST_CASE(a_thread_that_ends_waits_no_longer) {
  shield s({"here"}, fixed(1));
  lane l;
  lane other;
  const auto first = l.enter(s, "a");
  std::vector<refusal> ends;
  for (int i = 0; i < 3; ++i)
    net::asio::co_spawn(l.context,
                        s.enter({0, "b", urgency::client, steady_clock::now() + 1h}, l.context.get_executor()),
                        [&](std::exception_ptr, const admitted& a) { ends.push_back(a.error()); });
  l.context.restart();
  l.context.poll();
  s.abandon(other.context.get_executor());
  l.context.poll();
  BOOST_TEST(ends.empty());
  s.abandon(l.context.get_executor());
  l.context.poll();
  BOOST_TEST_REQUIRE(ends.size() == 3U);
  BOOST_TEST((ends[0].why == refusal_reason::stopping));
  BOOST_TEST(!l.enter(s, "c", 1h).has_value(), "nor does who comes later");
  BOOST_TEST(s.load(0).waiting == 0U);
}

BOOST_AUTO_TEST_CASE(what_still_waits_when_its_loop_is_destroyed_leaves) {
  shield s({"here"}, fixed(1));
  lane l;
  const auto first = l.enter(s, "a");
  {
    net::asio::io_context gone;
    net::asio::co_spawn(gone, s.enter({0, "b", urgency::client, steady_clock::now() + 1h}, gone.get_executor()),
                        [](std::exception_ptr, const admitted&) {});
    gone.poll();
    BOOST_TEST(s.load(0).waiting == 1U);
  }
  BOOST_TEST(s.load(0).waiting == 0U);
}

BOOST_AUTO_TEST_CASE(retries_have_a_budget_and_a_repeat_on_another_connection_counts) {
  shield s({"here"}, fixed(10));
  lane l;
  auto first = l.enter(s, "a");
  BOOST_TEST(first->may_repeat());
  int retries = 1;
  while (s.may_retry(0))
    ++retries;
  BOOST_TEST(retries == 30, "three a second for ten seconds");
  BOOST_TEST(!first->may_repeat());
  BOOST_TEST(s.stats(0).retries.get() == 30U);
  BOOST_TEST(s.stats(0).retries_denied.get() == 2U);

  shield spaced({"here"}, fixed(10, 1s));
  BOOST_TEST(!l.enter(spaced, "a")->may_repeat(), "the instance may have seen the first one");
}

// Threads that call without a pause, for accounts that they share: the limits hold, calls of one account keep their
// distance, and nobody waits for ever.
BOOST_AUTO_TEST_CASE(it_holds_with_many_threads) {
  constexpr unsigned limit = 3;
  constexpr auto spacing = 2ms;
  for (const bool paced : {false, true}) {
    auto o = fixed(limit, paced ? spacing : 0ms);
    o.admission.per_wid = 2;
    shield s({"here"}, o);
    std::mutex mutex;
    std::map<std::string, steady_clock::time_point> sent;
    std::atomic<unsigned> running = 0;
    std::atomic<int> passed = 0;
    std::atomic<int> refused_ones = 0;
    std::atomic<bool> broken = false;
    const auto call = [&](net::asio::io_context& own, unsigned seed) -> net::task<> {
      std::mt19937 random(seed);
      for (int i = 0; i < 150; ++i) {
        const auto w_id = std::to_string(random() % 4);
        const auto who = random() % 4 == 0 ? urgency::refresh : urgency::client;
        const auto patience = std::chrono::milliseconds(random() % 10 == 0 ? 3 : 5000);
        auto p = co_await s.enter({0, w_id, who, steady_clock::now() + patience}, own.get_executor());
        if (!p) {
          ++refused_ones;
          continue;
        }
        if (++running > limit)
          broken = true;
        {
          // The clock is read before the call is told of, and after it by the next one.
          const std::lock_guard lock(mutex);
          const auto now = steady_clock::now();
          p->sending();
          if (paced && now - std::exchange(sent[w_id], now) < spacing)
            broken = true;
        }
        net::timer pause(own.get_executor(), std::chrono::microseconds(random() % 500));
        co_await pause.async_wait(net::no_throw);
        --running;
        ++passed;
        if (random() % 2 == 0)
          p->finish(admission::ending::answered);
      }
    };
    {
      std::vector<std::jthread> threads;
      for (unsigned t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
          net::asio::io_context own;
          for (unsigned c = 0; c < 4; ++c)
            net::asio::co_spawn(own, call(own, t * 10 + c), [](std::exception_ptr failed) {
              if (failed)
                std::rethrow_exception(failed);
            });
          own.run_for(60s);
          if (!own.stopped())
            broken = true;
        });
    }
    BOOST_TEST(!broken);
    BOOST_TEST(passed + refused_ones == 3 * 4 * 150);
    BOOST_TEST(passed > refused_ones);
    BOOST_TEST(s.load(0).running == 0U);
    BOOST_TEST(s.load(0).waiting == 0U);
    BOOST_TEST_MESSAGE(passed << " calls passed, " << refused_ones << " were refused");
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
