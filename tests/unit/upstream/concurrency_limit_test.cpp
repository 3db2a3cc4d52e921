#include "rollcall/upstream/concurrency_limit.hpp"

#include "simulated_instance.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using rollcall::upstream::concurrency_limit;
using rollcall::upstream::concurrency_options;
using support::simulated_instance;

constexpr concurrency_options usual{.least = 4, .most = 200};

struct trial {
  explicit trial(unsigned seed, unsigned servers, double service, bool random = true) : instance(limit, seed) {
    instance.servers = servers;
    instance.service = service;
    instance.random = random;
  }
  concurrency_limit limit{usual};
  simulated_instance instance;
};

/// Works to capacity, and makes nobody wait for much more than the call itself takes.
void check_knee(const simulated_instance::outcome& o, const simulated_instance& i) {
  const double utilisation = o.calls_a_second * i.service / std::min(i.servers, usual.most);
  BOOST_TEST(utilisation > 0.93);
  BOOST_TEST(o.latency < 2.6 * i.service);
}

BOOST_AUTO_TEST_SUITE(concurrency_limit_suite)

BOOST_AUTO_TEST_CASE(it_finds_the_knee_of_an_instance_that_is_overloaded_from_the_beginning) {
  for (const bool random : {false, true})
    for (const unsigned servers : {8U, 16U, 64U, 150U})
      for (const unsigned seed : {1U, 2U, 3U}) {
        trial t(seed, servers, 0.05, random);
        t.instance.run(20);
        BOOST_TEST_CONTEXT(servers << " servers, random " << random << ", seed " << seed)
        check_knee(t.instance.run(60), t.instance);
      }
}

// With so few servers and latencies so different from each other it cannot always tell: then it is better than nothing.
BOOST_AUTO_TEST_CASE(an_instance_with_few_servers_is_spared_as_well) {
  for (const unsigned seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
    trial t(seed, 4, 0.05);
    t.instance.run(20);
    const auto o = t.instance.run(60);
    BOOST_TEST(o.latency < usual.most / 4 * t.instance.service / 4, "a quarter of what all that may be would make it");
    t.instance.demand = 2;
    t.instance.run(60);
    t.instance.demand = 1000;
    const auto after_a_rest = t.instance.run(60);
    BOOST_TEST(after_a_rest.latency < 4 * t.instance.service);
    BOOST_TEST(after_a_rest.calls_a_second * t.instance.service / 4 > 0.93);
  }
}

// What Envoy does every minute, and what a floor that follows the average does in the course of hours.
BOOST_AUTO_TEST_CASE(under_lasting_overload_it_neither_dips_nor_drifts) {
  trial t(4, 32, 0.05);
  t.instance.run(30);
  for (int minutes = 0; minutes < 60; minutes += 10) {
    const auto o = t.instance.run(600);
    BOOST_TEST_CONTEXT("after " << minutes << " minutes") {
      check_knee(o, t.instance);
      BOOST_TEST(o.lowest > 0.7 * o.limit);
      BOOST_TEST(o.highest < 1.4 * o.limit);
    }
  }
}

BOOST_AUTO_TEST_CASE(it_is_out_of_the_way_of_an_instance_that_can_do_more) {
  trial t(5, 10'000, 0.2);
  BOOST_TEST(t.instance.run(10).highest == usual.most, "soon");
  const auto o = t.instance.run(600);
  BOOST_TEST(o.limit > 0.9 * usual.most);
}

BOOST_AUTO_TEST_CASE(it_follows_an_instance_that_loses_servers_and_gets_them_back) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    trial t(seed, 64, 0.05);
    t.instance.run(30);
    t.instance.servers = 8;
    t.instance.run(20);
    check_knee(t.instance.run(60), t.instance);
    t.instance.servers = 64;
    t.instance.run(60);
    check_knee(t.instance.run(60), t.instance);
  }
}

// All calls take four times as long, and not because of each other: then fewer of them would help nobody.
BOOST_AUTO_TEST_CASE(an_instance_that_is_slower_is_not_taken_for_one_that_is_overloaded) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    trial t(seed, 10'000, 0.05);
    t.instance.run(30);
    t.instance.service *= 4;
    const auto o = t.instance.run(120);
    BOOST_TEST(o.lowest >= usual.most / 8, "it tries whether fewer would be quicker, and gives that up");
    BOOST_TEST(o.limit > 0.7 * usual.most);
    BOOST_TEST(std::chrono::duration<double>(t.limit.floor()).count() > 0.1, "it has learned how long they take");
  }
}

BOOST_AUTO_TEST_CASE(time_outs_are_latency_and_it_recovers_when_the_instance_does) {
  trial t(7, 64, 0.05);
  t.instance.timeout = 1;
  t.instance.run(30);
  const auto floor = t.limit.floor();
  t.instance.hangs = true;
  t.instance.run(120);
  BOOST_TEST(t.limit.get() == usual.least);
  BOOST_TEST((t.limit.floor() == floor), "a hang is no new floor");
  t.instance.hangs = false;
  t.instance.run(15);
  check_knee(t.instance.run(30), t.instance);
}

BOOST_AUTO_TEST_CASE(idleness_makes_it_forget_nothing) {
  trial t(8, 16, 0.05);
  t.instance.run(60);
  t.instance.demand = 1;
  t.instance.run(10);
  const auto before = t.limit.get();
  const auto idle = t.instance.run(3600);
  BOOST_TEST(idle.lowest == before);
  BOOST_TEST(idle.highest == before);
  t.instance.demand = 1000;
  check_knee(t.instance.run(60), t.instance);
}

BOOST_AUTO_TEST_CASE(it_stays_within_its_bounds_whatever_it_is_told) {
  concurrency_limit l({.least = 3, .most = 50});
  std::mt19937 engine(9);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  auto now = concurrency_limit::time_point() + 1h;
  for (int i = 0; i < 200'000; ++i) {
    now += std::chrono::microseconds(random() % 20'000);
    const auto took = std::chrono::nanoseconds(random() % (i % 3 == 0 ? 10'000'000'000 : 1000)) - 10ns;
    l.sample(took, {random() % 60 + 1, random() % 60 + 1}, random() % 20 == 0, now);
    BOOST_REQUIRE(l.get() >= 3U);
    BOOST_REQUIRE(l.get() <= 50U);
    BOOST_REQUIRE(l.latency().count() > 0);
  }
}

BOOST_AUTO_TEST_CASE(it_does_not_adapt_when_it_may_not) {
  for (const unsigned least : {10U, 20U}) {
    concurrency_limit fixed({.least = least, .most = 10});
    simulated_instance i(fixed, 1);
    i.servers = 1;
    const auto o = i.run(60);
    BOOST_TEST(o.lowest == 10U);
    BOOST_TEST(o.highest == 10U);
    BOOST_TEST((fixed.latency() > 400ms), "it still measures");
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
