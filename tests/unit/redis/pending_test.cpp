#include "rollcall/redis/pending.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace redis = rollcall::redis;
namespace net = rollcall::net;
namespace asio = boost::asio;
using redis::command;
using redis::command_error;
using std::chrono::milliseconds;
using time_point = redis::pending::time_point;

namespace {

struct waiter {
  std::shared_ptr<command> what;
  asio::cancellation_signal cancel;
  std::optional<redis::command_result> result;
};

struct fixture {
  std::vector<std::shared_ptr<waiter>> waiters; ///< a cancellation signal outlives what it may cancel
  asio::io_context context;
  redis::pending queue;
  time_point now{};

  ~fixture() {
    queue.close(command_error::closed);
    context.restart();
    context.poll();
    BOOST_TEST(context.stopped());
  }

  std::shared_ptr<waiter> push(milliseconds limit) {
    auto w = waiters.emplace_back(std::make_shared<waiter>());
    w->what = std::make_shared<command>(context.get_executor());
    queue.push(w->what, now, now + limit);
    return w;
  }

  void await(std::shared_ptr<waiter> w) {
    asio::co_spawn(
        context, command::wait(w->what),
        asio::bind_cancellation_slot(w->cancel.slot(), [w = w.get()](std::exception_ptr e, redis::command_result r) {
          BOOST_REQUIRE(!e);
          w->result = std::move(r);
        }));
    poll();
  }

  void poll() {
    context.restart();
    context.poll();
  }
};

bool is(const std::optional<redis::command_result>& r, command_error e) {
  return r && !*r && r->error() == e;
}
bool is(const std::optional<redis::command_result>& r, std::int64_t n) {
  return r && *r && (*r)->integer() == n;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_pending, fixture)

BOOST_AUTO_TEST_CASE(replies_go_to_their_commands_in_order) {
  auto a = push(milliseconds(10));
  auto b = push(milliseconds(10));
  await(a);
  await(b);
  BOOST_TEST(queue.take(redis::reply(1)));
  BOOST_TEST(queue.take(redis::reply(2)));
  BOOST_TEST(!a->result.has_value()); // nobody runs inside take()
  poll();
  BOOST_TEST(is(a->result, 1));
  BOOST_TEST(is(b->result, 2));
}

BOOST_AUTO_TEST_CASE(a_reply_that_nobody_asked_for_is_told) {
  BOOST_TEST(!queue.take(redis::reply(1)));
  push(milliseconds(10));
  BOOST_TEST(queue.take(redis::reply(1)));
  BOOST_TEST(!queue.take(redis::reply(2)));
}

BOOST_AUTO_TEST_CASE(a_reply_may_come_before_anybody_waits) {
  auto a = push(milliseconds(10));
  BOOST_TEST(queue.take(redis::reply(1)));
  await(a);
  BOOST_TEST(is(a->result, 1));
}

BOOST_AUTO_TEST_CASE(a_late_reply_is_swallowed) {
  auto slow = push(milliseconds(10));
  auto patient = push(milliseconds(100));
  await(slow);
  await(patient);
  now += milliseconds(9);
  BOOST_TEST(queue.expire(now) == 0U);
  now += milliseconds(1);
  BOOST_TEST(queue.expire(now) == 1U);
  poll();
  BOOST_TEST(is(slow->result, command_error::timed_out));
  BOOST_TEST(queue.size() == 2U);
  BOOST_TEST(queue.take(redis::reply(1)));
  BOOST_TEST(queue.take(redis::reply(2)));
  poll();
  BOOST_TEST(is(slow->result, command_error::timed_out));
  BOOST_TEST(is(patient->result, 2));
}

BOOST_AUTO_TEST_CASE(cancelling_a_waiter_shifts_nothing) {
  auto a = push(milliseconds(10));
  auto b = push(milliseconds(10));
  await(a);
  await(b);
  a->cancel.emit(asio::cancellation_type::terminal);
  poll();
  BOOST_TEST(is(a->result, command_error::timed_out));
  BOOST_TEST(queue.take(redis::reply(1)));
  BOOST_TEST(queue.take(redis::reply(2)));
  poll();
  BOOST_TEST(is(b->result, 2));
  b->cancel.emit(asio::cancellation_type::terminal); // after the fact: nothing
}

BOOST_AUTO_TEST_CASE(the_end_of_the_connection_tells_everybody) {
  auto a = push(milliseconds(10));
  auto b = push(milliseconds(10));
  await(a);
  await(b);
  queue.expire(now + milliseconds(10));
  auto c = push(milliseconds(100));
  await(c);
  queue.close(command_error::closed);
  poll();
  BOOST_TEST(is(a->result, command_error::timed_out));
  BOOST_TEST(is(c->result, command_error::closed));
  BOOST_TEST(queue.size() == 0U);
  BOOST_TEST(!queue.oldest().has_value());
  BOOST_TEST(!queue.earliest_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(an_abandoned_command_still_counts_as_the_oldest) {
  push(milliseconds(10));
  const auto sent = now;
  now += milliseconds(500);
  queue.expire(now);
  push(milliseconds(10));
  BOOST_TEST((queue.oldest() == sent));
  BOOST_TEST(queue.take(redis::reply(1)));
  BOOST_TEST((queue.oldest() == now));
}

BOOST_AUTO_TEST_CASE(the_earliest_deadline_is_never_late_and_exact_after_expire) {
  push(milliseconds(100));
  push(milliseconds(10));
  push(milliseconds(50));
  BOOST_TEST((queue.earliest_deadline() == now + milliseconds(10)));
  now += milliseconds(10);
  BOOST_TEST(queue.expire(now) == 1U);
  BOOST_TEST((queue.earliest_deadline() == now + milliseconds(40)));
  now += milliseconds(90);
  BOOST_TEST(queue.expire(now) == 2U);
  BOOST_TEST(!queue.earliest_deadline().has_value());
}

// Whatever happens in whatever order: a command ends with its own reply, or without one.
BOOST_AUTO_TEST_CASE(a_reply_reaches_its_own_command_or_nobody) {
  std::mt19937 random(20240229);
  auto one_in = [&](unsigned n) { return random() % n == 0; };
  unsigned answered = 0;
  unsigned expired = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::shared_ptr<waiter>> all;
    std::vector<std::optional<command_error>> fate; // what is to come instead of the reply
    std::vector<time_point> deadline;
    std::size_t replies = 0;
    for (int step = 0; step < 60; ++step) {
      switch (random() % 5) {
      case 0:
      case 1: {
        const milliseconds limit(1 + random() % 20);
        all.push_back(push(limit));
        fate.emplace_back();
        deadline.push_back(now + limit);
        if (!one_in(4)) {
          await(all.back());
        }
        break;
      }
      case 2:
        if (replies < all.size()) {
          BOOST_REQUIRE(queue.take(redis::reply(static_cast<std::int64_t>(replies))));
          ++replies;
        }
        break;
      case 3: {
        now += milliseconds(random() % 8);
        queue.expire(now);
        for (std::size_t i = replies; i < all.size(); ++i) {
          if (deadline[i] <= now) {
            fate[i] = command_error::timed_out;
          }
        }
        break;
      }
      case 4:
        if (!all.empty() && one_in(2)) {
          all[random() % all.size()]->cancel.emit(asio::cancellation_type::terminal);
        }
        poll();
        break;
      }
      BOOST_REQUIRE(queue.size() == all.size() - replies);
    }
    queue.close(command_error::closed);
    for (auto& w : all) {
      if (!w->result) {
        poll();
      }
      if (!w->result) {
        await(w);
      }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      BOOST_REQUIRE(all[i]->result.has_value());
      const auto& r = *all[i]->result;
      if (r) {
        BOOST_REQUIRE(r->integer() == static_cast<std::int64_t>(i));
        BOOST_REQUIRE(i < replies);
        BOOST_REQUIRE(!fate[i]);
        ++answered;
      } else if (fate[i]) {
        BOOST_REQUIRE(r.error() == *fate[i]);
        ++expired;
      }
    }
  }
  BOOST_TEST(answered > 1000U); // the rounds were not all the same
  BOOST_TEST(expired > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
