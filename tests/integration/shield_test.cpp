// What stands between bots and instances: pacing, limits, retries, and what bots get when it is not their turn.
#include "support/fleet.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::ask_for;
using support::counting_upstream;
using support::eventually;
using support::metric;
using support::raw_answer;
using support::raw_client;
using support::running_gateway;
using support::seen_request;
using steady_clock = std::chrono::steady_clock;

rollcall::ops::config settings_for(const std::string& upstream) {
  auto c = running_gateway::settings_for(upstream);
  c.cache.jitter = 0;
  c.cache.early_refresh = 0;
  return c;
}

std::string w_id_in(const seen_request& r) {
  constexpr std::string_view mark = R"("wId":")";
  const auto at = r.body.find(mark) + mark.size();
  return r.body.substr(at, r.body.find('"', at) - at);
}

/// An instance that notes when each wId called, and how many calls it had at one time.
class watchful {
public:
  explicit watchful(std::chrono::milliseconds takes = 0ms) : takes_(takes) {}

  [[nodiscard]] std::string url() const { return peer_.url(); }
  [[nodiscard]] const counting_upstream& peer() const { return peer_; }
  std::map<std::string, std::vector<steady_clock::time_point>> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  unsigned most_at_one_time() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

private:
  std::string answer(const seen_request& r) {
    {
      const std::lock_guard lock(mutex_);
      calls_[w_id_in(r)].push_back(steady_clock::now());
      most_ = std::max(most_, ++now_);
    }
    std::this_thread::sleep_for(takes_);
    const std::lock_guard lock(mutex_);
    --now_;
    return counting_upstream::usual(r);
  }

  const std::chrono::milliseconds takes_;
  std::mutex mutex_; // guards what follows
  std::map<std::string, std::vector<steady_clock::time_point>> calls_;
  unsigned now_ = 0;
  unsigned most_ = 0;
  counting_upstream peer_{[this](const seen_request& r) { return answer(r); }};
};

raw_answer ask(running_gateway& g, std::string_view room, std::string_view w_id = "w", std::string_view fields = {}) {
  return raw_client(g.port()).ask(ask_for(room, fields, w_id));
}

std::string room(int i) {
  return fmt::format("{}@chatroom", i);
}

} // namespace

BOOST_AUTO_TEST_SUITE(shield_suite)

// The spacing is kept when a request is written. Between that and the moment at which the instance's thread looks at
// its clock lie two wake-ups of threads on a busy machine, which is what the tolerance is for.
BOOST_AUTO_TEST_CASE(twenty_bots_with_fifty_cold_rooms_each_never_call_closer_than_the_spacing) {
  constexpr int bots = 20;
  constexpr int rooms = 50;
  constexpr auto spacing = 200ms;
  constexpr auto tolerance = 60ms;
  watchful instance(20ms);
  auto c = settings_for(instance.url());
  c.upstream.spacing = spacing;
  c.upstream.spacing_jitter = 0.1;
  c.upstream.timeout = 2s;
  running_gateway g(c);

  std::deque<raw_client> askers;
  for (int i = 0; i < bots * rooms; ++i)
    askers.emplace_back(g.port()).send(ask_for(room(i / bots), {}, fmt::format("bot{}", i % bots)));
  const auto refused = [&] { return metric(g.admin_port(), "rollcall_shield_refused_total"); };
  BOOST_TEST(eventually([&] { return refused() >= bots * (rooms - 11); }, 1500ms), "most are told at once");

  std::size_t answered = 0;
  for (auto& a : askers) {
    const auto got = a.receive();
    if (got.status == 200) {
      ++answered;
      continue;
    }
    BOOST_TEST_REQUIRE(got.status == 503U);
    BOOST_TEST(got.field("Cache-Status") == "rollcall; detail=paced");
    BOOST_TEST(std::stoi(got.field("Retry-After")) >= 1);
    BOOST_TEST(got.body.find(R"("1001")") != std::string::npos);
  }
  BOOST_TEST(answered >= bots * 6U);
  std::size_t called = 0;
  for (const auto& [w_id, at] : instance.calls()) {
    called += at.size();
    BOOST_TEST(at.size() >= 6U, w_id);
    for (std::size_t i = 1; i < at.size(); ++i)
      BOOST_TEST((at[i] - at[i - 1] >= spacing - tolerance), w_id);
    BOOST_TEST((at.back() - at.front() >= spacing * (static_cast<int>(at.size()) - 1) - tolerance), w_id);
  }
  BOOST_TEST(called == answered);
}

BOOST_AUTO_TEST_CASE(out_of_turn_one_gets_the_last_good_answer_or_is_told_when_to_come_again) {
  watchful instance;
  auto c = settings_for(instance.url());
  c.upstream.spacing = 30s;
  c.cache.fresh = 100ms;
  c.cache.stale_while_revalidate = 0ms;
  running_gateway g(c);
  const auto good = ask(g, room(1));
  BOOST_TEST(good.status == 200U);
  std::this_thread::sleep_for(150ms);
  const auto began = steady_clock::now();
  const auto stale = ask(g, room(1));
  BOOST_TEST(stale.status == 200U);
  BOOST_TEST(stale.body == good.body);
  BOOST_TEST(stale.field("Cache-Status").starts_with("rollcall; hit; ttl=-"), stale.field("Cache-Status"));
  BOOST_TEST(stale.field("Cache-Status").ends_with("; detail=paced"), stale.field("Cache-Status"));
  BOOST_TEST(!stale.field("Age").empty());
  const auto none = ask(g, room(2));
  BOOST_TEST(none.status == 503U);
  BOOST_TEST(std::stoi(none.field("Retry-After")) > 15);
  BOOST_TEST(std::stoi(none.field("Retry-After")) <= 36);
  BOOST_TEST((steady_clock::now() - began < 1s), "promptly");
  BOOST_TEST(ask(g, room(2), "other").status == 200U, "another account is not meant");
  BOOST_TEST(metric(g.admin_port(), "rollcall_upstream_failures_total") == 0);
  BOOST_TEST(instance.peer().requests() == 2U);
}

BOOST_AUTO_TEST_CASE(a_refusal_reaches_all_who_wait_and_sticks_to_nobody) {
  watchful instance;
  auto c = settings_for(instance.url());
  c.upstream.spacing = 600ms;
  c.upstream.timeout = 500ms;
  running_gateway g(c);
  BOOST_TEST(ask(g, room(1)).status == 200U);
  std::deque<raw_client> askers;
  for (int i = 0; i < 20; ++i)
    askers.emplace_back(g.port()).send(ask_for(room(2)));
  for (auto& a : askers) {
    const auto got = a.receive();
    BOOST_TEST((got.status == 503U || got.status == 200U), "a later one may have had its turn");
  }
  BOOST_TEST(eventually([&] { return ask(g, room(2)).status == 200U; }, 2s));
}

BOOST_AUTO_TEST_CASE(a_slow_instance_has_no_more_calls_than_it_may_and_hits_keep_flowing) {
  watchful instance(150ms);
  auto c = settings_for(instance.url());
  c.upstream.concurrency = 3;
  c.upstream.concurrency_least = 3;
  running_gateway g(c);
  BOOST_TEST(ask(g, room(0)).status == 200U);
  std::deque<raw_client> askers;
  for (int i = 1; i <= 30; ++i)
    askers.emplace_back(g.port()).send(ask_for(room(i), {}, fmt::format("w{}", i % 7)));
  BOOST_TEST(eventually([&] { return metric(g.admin_port(), "rollcall_shield_waiting") > 20; }));
  raw_client hitting(g.port());
  for (int i = 0; i < 100; ++i) {
    const auto began = steady_clock::now();
    BOOST_TEST(hitting.ask(ask_for(room(0))).field("Cache-Status").ends_with("detail=memory"));
    BOOST_TEST((steady_clock::now() - began < 100ms));
  }
  for (auto& a : askers)
    BOOST_TEST(a.receive().status == 200U);
  BOOST_TEST(instance.most_at_one_time() == 3U);
  BOOST_TEST(metric(g.admin_port(), "rollcall_shield_waited_total") == 27);
}

BOOST_AUTO_TEST_CASE(one_account_does_not_take_all_there_is) {
  watchful instance(100ms);
  auto c = settings_for(instance.url());
  c.upstream.per_wid = 1;
  running_gateway g(c);
  std::deque<raw_client> greedy;
  for (int i = 0; i < 10; ++i)
    greedy.emplace_back(g.port()).send(ask_for(room(i), {}, "greedy"));
  BOOST_TEST(eventually([&] { return metric(g.admin_port(), "rollcall_shield_waiting") == 9; }));
  const auto began = steady_clock::now();
  BOOST_TEST(ask(g, room(1), "modest").status == 200U);
  BOOST_TEST((steady_clock::now() - began < 400ms));
  for (auto& a : greedy)
    BOOST_TEST(a.receive().status == 200U);
  BOOST_TEST(instance.most_at_one_time() <= 2U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_in_time_is_refused_at_once_and_the_instance_is_spared) {
  watchful instance(300ms);
  auto c = settings_for(instance.url());
  c.upstream.concurrency = 1;
  c.upstream.concurrency_least = 1;
  c.upstream.timeout = 2s;
  running_gateway g(c);
  BOOST_TEST(ask(g, room(0)).status == 200U);
  std::deque<raw_client> askers;
  for (int i = 1; i <= 40; ++i)
    askers.emplace_back(g.port()).send(ask_for(room(i)));
  BOOST_TEST(eventually([&] { return metric(g.admin_port(), "rollcall_shield_refused_total") >= 30; }, 1s));
  std::size_t good = 0;
  for (auto& a : askers) {
    const auto got = a.receive();
    good += got.status == 200U;
    if (got.status != 200U) {
      BOOST_TEST(got.status == 503U);
      BOOST_TEST(got.field("Cache-Status") == "rollcall; detail=overload");
    }
  }
  BOOST_TEST(good >= 3U);
  BOOST_TEST(instance.peer().requests() == good + 1, "none is called for nothing");
}

BOOST_AUTO_TEST_CASE(a_renewal_does_not_queue) {
  watchful instance;
  auto c = settings_for(instance.url());
  c.upstream.spacing = 30s;
  c.cache.fresh = 100ms;
  c.cache.failure = 200ms;
  running_gateway g(c);
  BOOST_TEST(ask(g, room(1)).status == 200U);
  std::this_thread::sleep_for(150ms);
  for (int i = 0; i < 50; ++i) {
    const auto a = ask(g, room(1));
    BOOST_TEST(a.status == 200U);
    BOOST_TEST(a.field("Cache-Status").starts_with("rollcall; hit; ttl=-"), a.field("Cache-Status"));
  }
  const auto skipped = metric(g.admin_port(), "rollcall_shield_skipped_total");
  BOOST_TEST(skipped >= 1);
  BOOST_TEST(skipped <= 5, "nor is it tried each time");
  BOOST_TEST(instance.peer().requests() == 1U);
}

BOOST_AUTO_TEST_CASE(a_call_that_was_lost_is_made_once_more_and_others_are_not) {
  struct {
    std::string_view what;
    std::string first;
    std::size_t calls;
    unsigned status;
  } const cases[] = {
      {"closed without a word", "", 2, 200},
      {"502", support::http_answer("no", "502 Bad Gateway"), 2, 200},
      {"503", support::http_answer("no", "503 Service Unavailable"), 1, 502},
      {"504", support::http_answer("no", "504 Gateway Timeout"), 1, 502},
      {"500", support::http_answer("no", "500 Internal Server Error"), 1, 502},
      {"cut off", "HTTP/1.1 200 OK\r\nContent-Len", 1, 502},
  };
  for (const auto& each : cases)
    for (const double retries : {0.0, 0.2}) {
      std::atomic<int> calls = 0;
      counting_upstream instance(
          [&](const seen_request& r) { return ++calls == 1 ? each.first : counting_upstream::usual(r); });
      auto c = settings_for(instance.url());
      c.upstream.retries = retries;
      running_gateway g(c);
      BOOST_TEST_CONTEXT(each.what << ", retries " << retries) {
        BOOST_TEST(ask(g, room(1)).status == (retries > 0 ? each.status : 502U));
        BOOST_TEST(instance.requests() == (retries > 0 ? each.calls : 1U));
      }
    }
}

// An instance in trouble is not given twice as much to do.
BOOST_AUTO_TEST_CASE(calls_that_are_lost_all_the_time_are_repeated_within_a_budget) {
  counting_upstream instance([](const seen_request&) { return support::http_answer("no", "502 Bad Gateway"); });
  auto c = settings_for(instance.url());
  c.upstream.eject_after = 0; // then it would hardly be called at all
  running_gateway g(c);
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(ask(g, room(i)).status == 502U);
  const auto repeated = instance.requests() - 100;
  BOOST_TEST(repeated <= 60U, "three a second, and it took no ten seconds");
  BOOST_TEST(repeated >= 20U);
  BOOST_TEST(metric(g.admin_port(), "rollcall_shield_retries_total") == static_cast<double>(repeated));
  BOOST_TEST(metric(g.admin_port(), "rollcall_shield_retries_denied_total") == 100.0 - static_cast<double>(repeated));
}

BOOST_AUTO_TEST_CASE(a_second_attempt_keeps_the_spacing) {
  std::mutex mutex;
  std::vector<steady_clock::time_point> at;
  counting_upstream instance([&](const seen_request& r) {
    const std::lock_guard lock(mutex);
    at.push_back(steady_clock::now());
    return at.size() == 1 ? support::http_answer("no", "502 Bad Gateway") : counting_upstream::usual(r);
  });
  auto c = settings_for(instance.url());
  c.upstream.spacing = 500ms;
  running_gateway g(c);
  BOOST_TEST(ask(g, room(1)).status == 200U);
  BOOST_TEST_REQUIRE(at.size() == 2U);
  BOOST_TEST((at[1] - at[0] >= 450ms));
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_turn_does_not_keep_a_gateway_from_ending) {
  support::gate held;
  counting_upstream instance([&](const seen_request& r) {
    held.pass();
    return counting_upstream::usual(r);
  });
  auto c = settings_for(instance.url());
  c.upstream.concurrency = 1;
  c.upstream.timeout = 30s;
  running_gateway g(c);
  std::deque<raw_client> askers;
  for (int i = 0; i < 5; ++i)
    askers.emplace_back(g.port()).send(ask_for(room(i)));
  BOOST_TEST(eventually([&] { return metric(g.admin_port(), "rollcall_shield_waiting") == 4; }));
  const auto began = steady_clock::now();
  g->drain();
  g->drain();
  g.stop();
  BOOST_TEST((steady_clock::now() - began < 5s));
  held.open();
}

BOOST_AUTO_TEST_CASE(a_gateway_whose_turn_it_is_not_leaves_the_call_to_another) {
  support::redis_server redis;
  watchful instance;
  support::fleet gateways(2, instance.url(), redis.url(), [](rollcall::ops::config& c) { c.upstream.spacing = 30s; });
  BOOST_TEST(ask(gateways[0], room(1)).status == 200U);
  const auto began = steady_clock::now();
  BOOST_TEST(ask(gateways[0], room(2)).status == 503U);
  BOOST_TEST(ask(gateways[1], room(2)).status == 200U);
  BOOST_TEST((steady_clock::now() - began < 1s), "long before a lease ends by itself");
  BOOST_TEST(eventually([&] { return ask(gateways[0], room(2)).status == 200U; }, 2s), "and the fleet has it");
  BOOST_TEST(instance.peer().requests() == 2U);
}

BOOST_AUTO_TEST_CASE(status_and_metrics_tell_of_it) {
  watchful instance;
  running_gateway g(settings_for(instance.url()));
  BOOST_TEST(ask(g, room(1)).status == 200U);
  BOOST_TEST(metric(g.admin_port(), "rollcall_shield_admitted_total") == 1);
  BOOST_TEST(metric(g.admin_port(), "rollcall_shield_limit") == 20);
  BOOST_TEST(metric(g.admin_port(), "rollcall_shield_running") == 0);
  const auto status = raw_client(g.admin_port()).ask("GET /status HTTP/1.1\r\nHost: a\r\n\r\n").body;
  BOOST_TEST(status.find(R"("shield":[{"instance":")" + instance.url() + R"(","limit":20,"running":0,"waiting":0)") !=
                 std::string::npos,
             status);
}

BOOST_AUTO_TEST_SUITE_END()
