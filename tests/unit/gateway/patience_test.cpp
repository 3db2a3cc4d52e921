#include "rollcall/gateway/patience.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <deque>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rollcall::gateway::patience;
namespace net = rollcall::net;

struct world {
  boost::asio::io_context context;
  std::deque<patience::guest> guests{4};
  std::vector<patience::guest*> sent_away;
  patience p{context.get_executor(), [this](patience::guest& g) {
               BOOST_TEST(!g.waits());
               sent_away.push_back(&g);
             }};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(patience_suite, world)

BOOST_AUTO_TEST_CASE(who_waits_too_long_is_sent_away_and_who_leaves_in_time_is_not) {
  const auto began = net::steady_clock::now();
  for (auto& g : guests)
    p.enter(g, 20ms);
  p.leave(guests[0]); // for whom the timer was set
  p.leave(guests[2]);
  BOOST_TEST(!guests[0].waits());
  BOOST_TEST(guests[1].waits());
  context.run();
  BOOST_TEST((net::steady_clock::now() - began >= 20ms));
  BOOST_TEST((sent_away == std::vector{&guests[1], &guests[3]}));
}

BOOST_AUTO_TEST_CASE(each_has_the_whole_of_his_time) {
  net::timer later(context.get_executor(), 15ms);
  net::steady_clock::time_point came;
  p.enter(guests[0], 30ms);
  later.async_wait([&](net::error_code) {
    came = net::steady_clock::now();
    p.enter(guests[1], 30ms);
  });
  context.run();
  BOOST_TEST((sent_away == std::vector{&guests[0], &guests[1]}));
  BOOST_TEST((net::steady_clock::now() - came >= 30ms));
}

BOOST_AUTO_TEST_CASE(who_comes_while_another_is_sent_away_gets_his_turn) {
  patience q(context.get_executor(), [&](patience::guest& g) {
    sent_away.push_back(&g);
    if (sent_away.size() < 4)
      q.enter(guests[sent_away.size()], 10ms);
  });
  q.enter(guests[0], 10ms);
  context.run();
  BOOST_TEST((sent_away == std::vector{&guests[0], &guests[1], &guests[2], &guests[3]}));
}

// As after the limit has been changed.
BOOST_AUTO_TEST_CASE(who_has_less_time_leaves_before_those_who_have_more) {
  p.enter(guests[0], 1h);
  p.enter(guests[1], 30ms);
  p.enter(guests[2], 10ms);
  p.enter(guests[3], 20ms);
  context.run_for(500ms);
  BOOST_TEST((sent_away == std::vector{&guests[2], &guests[3], &guests[1]}));
  BOOST_TEST(guests[0].waits());
  p.leave(guests[0]);
  p.stop();
  context.run();
}

BOOST_AUTO_TEST_CASE(who_is_destroyed_has_left) {
  p.enter(guests[0], 1h);
  {
    patience::guest short_lived;
    p.enter(short_lived, 1h);
  }
  p.leave(guests[0]);
  p.stop();
  context.run_for(10s);
  BOOST_TEST(context.stopped());
  BOOST_TEST(sent_away.empty());
}

BOOST_AUTO_TEST_CASE(once_stopped_only_who_waits_keeps_the_loop_running) {
  p.enter(guests[0], 1h);
  p.enter(guests[1], 1h);
  p.stop();
  context.poll();
  BOOST_TEST(!context.stopped());
  p.leave(guests[0]);
  context.poll();
  BOOST_TEST(!context.stopped());
  p.leave(guests[1]);
  context.run_for(10s);
  BOOST_TEST(context.stopped());
  BOOST_TEST(sent_away.empty());
}

BOOST_AUTO_TEST_SUITE_END()
