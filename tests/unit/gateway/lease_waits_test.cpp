#include "rollcall/gateway/lease_waits.hpp"

#include "support/run.hpp"

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rollcall::gateway::lease_waits;
namespace cache = rollcall::cache;
namespace net = rollcall::net;

cache::identity identity(const std::string& room) {
  return {cache::no_credential, "wcId", "w", room};
}

const cache::identity a = identity("a@chatroom");
const cache::identity b = identity("b@chatroom");

// At the end nothing is left running, and nobody waits.
struct world {
  ~world() {
    support::drain(context);
    BOOST_TEST(waits.size() == 0U);
  }
  /// Lets happen what can happen now.
  void settle() {
    context.restart();
    context.poll();
  }
  /// A task that takes a seat, waits on it that often, and leaves.
  void start(const cache::identity& id, int& waited, int times = 1, std::chrono::milliseconds most = 1h) {
    net::asio::co_spawn(context.get_executor(), wait(id, waited, times, most), [](std::exception_ptr failed) {
      if (failed)
        std::rethrow_exception(failed);
    });
    settle();
  }
  net::task<> wait(cache::identity id, int& waited, int times, std::chrono::milliseconds most) {
    auto seat = waits.enroll(id, context.get_executor());
    for (int i = 0; i < times; ++i) {
      co_await seat.wait(most);
      ++waited;
    }
  }

  lease_waits waits; // outlives whoever has a seat
  boost::asio::io_context context;
};

BOOST_FIXTURE_TEST_SUITE(lease_waits_suite, world)

BOOST_AUTO_TEST_CASE(news_of_its_identity_ends_a_wait) {
  int waited = 0;
  start(a, waited);
  BOOST_TEST(waited == 0);
  waits.wake(b);
  waits.wake(identity("a@chatroo"));
  waits.wake(identity("a@chatrooms"));
  settle();
  BOOST_TEST(waited == 0, "another's news is not its own");
  waits.wake(a);
  settle();
  BOOST_TEST(waited == 1);
}

BOOST_AUTO_TEST_CASE(everybody_who_waits_for_it_is_woken_and_nobody_else) {
  int of_a = 0;
  int of_b = 0;
  for (int i = 0; i < 5; ++i)
    start(a, of_a);
  start(b, of_b);
  BOOST_TEST(waits.size() == 6U);
  waits.wake(a);
  settle();
  BOOST_TEST(of_a == 5);
  BOOST_TEST(of_b == 0);
  BOOST_TEST(waits.size() == 1U);
  waits.wake(b);
  settle();
  BOOST_TEST(of_b == 1);
}

BOOST_AUTO_TEST_CASE(all_can_be_woken) {
  int waited = 0;
  for (int i = 0; i < 20; ++i)
    start(identity(std::to_string(i)), waited);
  BOOST_TEST(waits.size() == 20U);
  waits.wake_all();
  settle();
  BOOST_TEST(waited == 20);
  BOOST_TEST(waits.size() == 0U);
}

// Redis is asked between the two, and what it tells meanwhile must not be lost.
BOOST_AUTO_TEST_CASE(news_between_the_seat_and_the_wait_counts) {
  for (const bool known_before : {false, true})
    for (const bool all : {false, true})
      support::run(context, [&]() -> net::task<> {
        auto seat = waits.enroll(a, context.get_executor());
        all ? waits.wake_all() : waits.wake(a);
        if (known_before)
          co_await net::asio::post(context.get_executor(), net::asio::use_awaitable_t<net::executor>{});
        co_await seat.wait(1h);
      });
}

// Whose news it was is not kept: one question more to Redis is cheaper than a seat for everybody who asks it anything.
BOOST_AUTO_TEST_CASE(news_of_anybody_between_the_stamp_and_the_seat_ends_the_first_wait) {
  for (const bool all : {false, true}) {
    int waited = 0;
    const auto before = waits.stamp();
    all ? waits.wake_all() : waits.wake(b);
    const auto ask = [&](lease_waits& of, lease_waits::stamp_type since) -> net::task<> {
      auto seat = of.enroll(a, context.get_executor(), since);
      for (; waited < 2; ++waited)
        co_await seat.wait(1h);
    };
    net::asio::co_spawn(context.get_executor(), ask(waits, before), [](std::exception_ptr failed) {
      if (failed)
        std::rethrow_exception(failed);
    });
    settle();
    BOOST_TEST(waited == 1, "the second wait is for news of its own");
    waits.wake(a);
    settle();
    BOOST_TEST(waited == 2);
  }
}

BOOST_AUTO_TEST_CASE(without_news_since_the_stamp_one_waits) {
  waits.wake(a);
  const auto seat_wanted = waits.stamp();
  int waited = 0;
  const auto ask = [&]() -> net::task<> {
    auto first = waits.enroll(a, context.get_executor(), seat_wanted);
    auto seat = std::move(first);
    co_await seat.wait(1h);
    ++waited;
  };
  net::asio::co_spawn(context.get_executor(), ask, [](std::exception_ptr failed) {
    if (failed)
      std::rethrow_exception(failed);
  });
  settle();
  BOOST_TEST(waited == 0);
  BOOST_TEST(waits.size() == 1U);
  waits.wake(a);
  settle();
  BOOST_TEST(waited == 1);
  BOOST_TEST(waits.size() == 0U);
}

BOOST_AUTO_TEST_CASE(news_from_before_the_seat_does_not_count) {
  waits.wake(a);
  waits.wake_all();
  int waited = 0;
  start(a, waited);
  BOOST_TEST(waited == 0);
  waits.wake(a);
  settle(); // before the counters go
}

BOOST_AUTO_TEST_CASE(each_wait_needs_news_of_its_own_however_much_came_before) {
  int waited = 0;
  start(a, waited, 3);
  for (int i = 0; i < 10; ++i)
    waits.wake(a);
  settle();
  const int after_many = waited;
  BOOST_TEST((after_many == 1 || after_many == 2)); // one that came while it was being woken may count for the next
  while (waited < 3) {
    const int before = waited;
    settle();
    BOOST_TEST_REQUIRE(waited == before, "without news it waits on");
    waits.wake(a);
    settle();
    BOOST_TEST_REQUIRE(waited == before + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_wait_without_news_ends_after_its_time) {
  for (const auto most : {0ms, 1ms, 20ms}) {
    const auto began = net::steady_clock::now();
    support::run(context, [&]() -> net::task<> {
      auto seat = waits.enroll(a, context.get_executor());
      waits.wake(b);
      co_await seat.wait(most);
    });
    BOOST_TEST((net::steady_clock::now() - began >= most));
  }
}

BOOST_AUTO_TEST_CASE(news_for_who_has_just_left_harms_nobody) {
  support::run(context, [&]() -> net::task<> {
    {
      const auto seat = waits.enroll(a, context.get_executor());
      waits.wake(a);
      waits.wake_all();
    }
    BOOST_TEST(waits.size() == 0U);
    waits.wake(a);
    co_return;
  });
}

BOOST_AUTO_TEST_CASE(who_leaves_takes_nobody_else_of_the_same_identity_with_him) {
  int stays = 0;
  start(a, stays);
  {
    const auto first = waits.enroll(a, context.get_executor());
    const auto second = waits.enroll(a, context.get_executor());
    BOOST_TEST(waits.size() == 3U);
  }
  BOOST_TEST(waits.size() == 1U);
  waits.wake(a);
  settle();
  BOOST_TEST(stays == 1);
}

// Two threads wait for ever, again and again; two more wake one or all; and nobody is forgotten.
BOOST_AUTO_TEST_CASE(news_comes_on_any_thread) {
  constexpr int rounds = 2000;
  lease_waits shared;
  std::atomic<int> waiting = 2;
  const auto wait_for_news = [&](unsigned n) {
    boost::asio::io_context own;
    support::run(
        own,
        [&]() -> net::task<> {
          for (int i = 0; i < rounds; ++i) {
            auto seat = shared.enroll(i % 3 != 0 ? a : identity(std::to_string(n)), own.get_executor());
            co_await seat.wait(1h);
            if (i % 5 == 0)
              co_await seat.wait(1h);
          }
        },
        30s);
    support::drain(own);
    --waiting;
  };
  const auto wake = [&] {
    while (waiting > 0) {
      shared.wake(a);
      shared.wake(b);
      shared.wake_all();
      std::this_thread::yield();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned n = 0; n < 2; ++n)
      threads.emplace_back(wait_for_news, n);
    for (unsigned n = 0; n < 2; ++n)
      threads.emplace_back(wake);
  }
  BOOST_TEST(shared.size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
