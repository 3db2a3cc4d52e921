#include "rollcall/upstream/admission.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace rollcall::upstream;
using guest = admission::guest;
using state = guest::state;
using ending = admission::ending;

admission_options fixed(unsigned concurrency) {
  admission_options o;
  o.jitter = 0;
  o.concurrency = {.least = concurrency, .most = concurrency};
  return o;
}

admission_options spaced(std::chrono::milliseconds spacing) {
  auto o = fixed(100);
  o.spacing = spacing;
  return o;
}

/// A queue and the calls that came to it. Time passes when the test says so.
struct world {
  explicit world(const admission_options& o, std::size_t instances = 2)
      : queue(instances, o, [this](guest& g) { told.push_back(&g); }) {}
  ~world() {
    for (auto& g : guests)
      queue.leave(g, now);
    now += 1h;
    guest last;
    queue.enter(last, {.instance = 0, .w_id = "last", .deadline = now + 1s}, now);
    queue.leave(last, now);
    BOOST_TEST(queue.waiting() == 0U);
    BOOST_TEST(queue.wids() <= 1U, "idle ones are forgotten");
    BOOST_TEST(queue.at(0).running == 0U);
  }

  guest& enter(std::string_view w_id, std::chrono::milliseconds patience = 10s, urgency who = urgency::client,
               std::size_t instance = 0, double random = 0) {
    auto& g = guests.emplace_back();
    queue.enter(g, {instance, w_id, who, now + patience, random}, now);
    return g;
  }
  guest& send(guest& g) {
    queue.sending(g, now);
    return g;
  }
  void finish(guest& g) { queue.finish(g, ending::answered, now); }
  /// What timers would do until then.
  void pass(std::chrono::milliseconds how_long) {
    const auto until = now + how_long;
    for (;;) {
      guest* next = nullptr;
      for (auto& g : guests)
        if (g.now() == state::waits && g.look_at() <= until && (!next || g.look_at() < next->look_at()))
          next = &g;
      if (!next)
        break;
      now = std::max(now, next->look_at());
      queue.look(*next, now);
      BOOST_REQUIRE((next->now() != state::waits || next->look_at() > now));
    }
    now = until;
  }

  admission::time_point now = admission::time_point() + 1h;
  std::deque<guest> guests;
  std::vector<guest*> told;
  admission queue;
};

BOOST_AUTO_TEST_SUITE(admission_suite)

BOOST_AUTO_TEST_CASE(two_calls_of_a_wid_are_never_closer_than_the_spacing) {
  world w(spaced(1s));
  auto& first = w.send(w.enter("a"));
  BOOST_TEST((first.now() == state::runs));
  auto& second = w.enter("a");
  BOOST_TEST((second.now() == state::waits));
  BOOST_TEST((w.enter("b").now() == state::runs), "another's pace is its own");
  w.finish(first);
  w.pass(999ms);
  BOOST_TEST((second.now() == state::waits));
  w.pass(1ms);
  BOOST_TEST((second.now() == state::runs));
}

// A connection may have to be made first. What counts is when the instance sees it.
BOOST_AUTO_TEST_CASE(the_spacing_counts_from_when_the_call_was_sent) {
  world w(spaced(1s));
  auto& first = w.enter("a");
  auto& second = w.enter("a");
  w.pass(3s);
  BOOST_TEST((second.now() == state::waits), "the first one is still on its way");
  w.send(first);
  w.pass(999ms);
  BOOST_TEST((second.now() == state::waits));
  w.pass(1ms);
  BOOST_TEST((second.now() == state::runs));
  auto& third = w.enter("a");
  w.finish(second); // and was never sent
  BOOST_TEST((third.now() == state::runs));
}

BOOST_AUTO_TEST_CASE(jitter_makes_the_spacing_longer_and_never_shorter) {
  auto o = spaced(1s);
  o.jitter = 0.5;
  world w(o);
  auto& first = w.send(w.enter("a", 10s, urgency::client, 0, 0.999999));
  auto& second = w.enter("a");
  w.finish(first);
  w.pass(1499ms);
  BOOST_TEST((second.now() == state::waits));
  w.pass(1ms);
  BOOST_TEST((second.now() == state::runs));
}

BOOST_AUTO_TEST_CASE(whose_turn_would_come_too_late_is_told_at_once) {
  world w(spaced(1s));
  w.send(w.enter("a", 5s));
  // No latency is known, so a tenth of the time is kept for the call itself: turns until 4.5 s will do.
  for (int i = 1; i <= 4; ++i)
    BOOST_TEST((w.enter("a", 5s).now() == state::waits), i);
  auto& late = w.enter("a", 5s);
  BOOST_TEST((late.now() == state::refused));
  BOOST_TEST((late.why().why == refusal_reason::paced));
  BOOST_TEST((late.why().retry_after == 500ms));
  w.pass(500ms);
  BOOST_TEST((w.enter("a", 5s).now() == state::waits), "it was right about when to come again");
}

BOOST_AUTO_TEST_CASE(who_becomes_too_late_because_another_was_slow_is_told_then) {
  world w(spaced(1s));
  auto& first = w.enter("a", 5s);
  auto& second = w.enter("a", 5s);
  auto& third = w.enter("a", 2500ms); // 2 s will do, and 2250 ms at most
  w.pass(500ms);
  w.send(first);
  BOOST_TEST((third.now() == state::refused), "its turn would have been at 2.5 s");
  BOOST_TEST((second.now() == state::waits));
}

BOOST_AUTO_TEST_CASE(who_leaves_the_queue_makes_it_shorter) {
  world w(spaced(1s));
  w.finish(w.send(w.enter("a")));
  auto& second = w.enter("a");
  auto& third = w.enter("a");
  w.queue.leave(second, w.now);
  w.pass(1s);
  BOOST_TEST((third.now() == state::runs));
}

BOOST_AUTO_TEST_CASE(a_refresh_takes_a_free_turn_and_never_waits) {
  world w(spaced(1s));
  auto& first = w.enter("a", 10s, urgency::refresh);
  BOOST_TEST((first.now() == state::runs));
  w.finish(w.send(first));
  w.pass(400ms);
  auto& second = w.enter("a", 10s, urgency::refresh);
  BOOST_TEST((second.now() == state::refused));
  BOOST_TEST((second.why().why == refusal_reason::paced));
  BOOST_TEST((second.why().retry_after == 600ms));
  w.enter("a");
  w.pass(600ms);
  BOOST_TEST((w.enter("a", 10s, urgency::refresh).now() == state::refused), "a client has it");

  world full(fixed(1));
  full.enter("a");
  auto& none = full.enter("b", 10s, urgency::refresh);
  BOOST_TEST((none.now() == state::refused));
  BOOST_TEST((none.why().why == refusal_reason::overload));
}

BOOST_AUTO_TEST_CASE(refreshes_leave_the_last_quarter_to_clients) {
  world w(fixed(4));
  for (const auto* w_id : {"a", "b", "c"})
    BOOST_TEST((w.enter(w_id, 10s, urgency::refresh).now() == state::runs), w_id);
  auto& fourth = w.enter("d", 10s, urgency::refresh);
  BOOST_TEST((fourth.now() == state::refused));
  BOOST_TEST((fourth.why().why == refusal_reason::overload));
  BOOST_TEST((w.enter("d").now() == state::runs));
}

BOOST_AUTO_TEST_CASE(an_instance_has_no_more_calls_than_its_limit_and_the_rest_go_in_their_order) {
  world w(fixed(2));
  auto& a = w.enter("a");
  w.enter("b");
  auto& c = w.enter("c");
  auto& d = w.enter("a");
  BOOST_TEST((c.now() == state::waits));
  BOOST_TEST((d.now() == state::waits));
  BOOST_TEST((w.enter("c", 10s, urgency::client, 1).now() == state::waits), "behind its own wId's first");
  BOOST_TEST((w.enter("e", 10s, urgency::client, 1).now() == state::runs), "another instance");
  w.finish(a);
  BOOST_TEST((c.now() == state::runs));
  BOOST_TEST((d.now() == state::waits));
  w.finish(c);
  BOOST_TEST((d.now() == state::runs));
}

BOOST_AUTO_TEST_CASE(a_wid_has_no_more_calls_than_its_limit_and_delays_nobody_else) {
  auto o = fixed(100);
  o.per_wid = 2;
  world w(o);
  auto& first = w.enter("a");
  w.enter("a");
  auto& third = w.enter("a");
  BOOST_TEST((third.now() == state::waits));
  BOOST_TEST((w.enter("b").now() == state::runs));
  w.finish(first);
  BOOST_TEST((third.now() == state::runs));
}

BOOST_AUTO_TEST_CASE(who_would_wait_too_long_for_room_is_told_at_once) {
  world w(fixed(1));
  auto& slow = w.enter("a");
  w.pass(1s);
  w.finish(slow); // so that is what calls take
  w.enter("a");
  BOOST_TEST((w.enter("b", 10s).now() == state::waits));
  BOOST_TEST((w.enter("c", 10s).now() == state::waits));
  auto& late = w.enter("d", 4s); // third in the queue: at 3 s, but it must have begun by 2 s
  BOOST_TEST((late.now() == state::refused));
  BOOST_TEST((late.why().why == refusal_reason::overload));
  BOOST_TEST((late.why().retry_after == 1s));
  BOOST_TEST((w.enter("d", 5s + 1ms).now() == state::waits), "at 3 s, and it has until 3.001 s");
}

BOOST_AUTO_TEST_CASE(whose_time_is_over_while_it_waits_is_told_then) {
  world w(fixed(1));
  w.enter("a");
  auto& waits = w.enter("b", 1s);
  w.pass(899ms);
  BOOST_TEST((waits.now() == state::waits));
  w.pass(1ms);
  BOOST_TEST((waits.now() == state::refused));
  BOOST_TEST((waits.why().why == refusal_reason::late));
}

BOOST_AUTO_TEST_CASE(who_waits_and_who_is_known_are_bounded) {
  auto o = fixed(1);
  o.waiting_most = 3;
  o.wids_most = 5;
  world w(o);
  for (int i = 0; i < 4; ++i)
    w.enter(std::to_string(i));
  auto& one_more = w.enter("3");
  BOOST_TEST((one_more.now() == state::refused));
  BOOST_TEST((one_more.why().why == refusal_reason::full));
  w.enter("4");
  BOOST_TEST(w.queue.wids() == 4U, "nothing is kept of who was refused");

  auto slow = spaced(1s);
  slow.wids_most = 5;
  world many(slow);
  for (int i = 0; i < 5; ++i)
    many.finish(many.send(many.enter(std::to_string(i))));
  auto& stranger = many.enter("stranger");
  BOOST_TEST((stranger.now() == state::refused), "to forget one would be to let it call too early");
  BOOST_TEST((stranger.why().retry_after == 1s));
  many.pass(1s);
  BOOST_TEST((many.enter("stranger").now() == state::runs));
}

BOOST_AUTO_TEST_CASE(those_who_are_meant_are_refused_and_others_get_their_place) {
  world w(fixed(1));
  auto& running = w.enter("a");
  auto& b = w.enter("b");
  auto& c = w.enter("c");
  w.queue.refuse_if([&](const guest& g) { return &g == &b; }, {refusal_reason::stopping, {}}, w.now);
  BOOST_TEST((b.now() == state::refused));
  BOOST_TEST((c.now() == state::waits));
  w.finish(running);
  BOOST_TEST((c.now() == state::runs));
}

BOOST_AUTO_TEST_CASE(every_reason_has_a_word_of_its_own) {
  std::set<std::string_view> words;
  for (int i = 1; i <= refusal_reason_count; ++i)
    words.insert(to_string(static_cast<refusal_reason>(i)));
  BOOST_TEST(words.size() == std::size_t{refusal_reason_count});
  BOOST_TEST(!words.contains(""));
  BOOST_TEST(to_string(static_cast<refusal_reason>(refusal_reason_count + 1)).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
