#include "../../../src/redis/redirection.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace redis = rollcall::redis;
using redis::cluster_error;
using redis::host_port;
using redis::next_step;
using redis::pursuit;
using redis::reply;
using kind = cluster_error::kind;
using step = next_step::kind;
using std::chrono::milliseconds;

namespace {

const host_port here{"10.0.0.1", 7000};
const host_port there{"10.0.0.2", 7001};
const pursuit::time_point start{std::chrono::hours(1)};

cluster_error read(std::string_view error) {
  return redis::read_cluster_error(reply(reply::kind::error, std::string(error)), here);
}

const cluster_error moved{kind::moved, 7, there};
const cluster_error ask{kind::ask, 7, there};
const cluster_error try_again{.what = kind::try_again};

pursuit begun(milliseconds limit = milliseconds(50)) {
  return {7, start, start + limit};
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_redirection)

BOOST_AUTO_TEST_CASE(redirections_name_a_slot_and_a_node) {
  const auto m = read("MOVED 3999 127.0.0.1:6381");
  BOOST_TEST((m.what == kind::moved));
  BOOST_TEST(m.slot == 3999);
  BOOST_TEST((m.to == host_port{"127.0.0.1", 6381}));
  const auto a = read("ASK 16383 redis-1.cache:65535");
  BOOST_TEST((a.what == kind::ask));
  BOOST_TEST(a.slot == 16383);
  BOOST_TEST((a.to == host_port{"redis-1.cache", 65535}));
  BOOST_TEST((read("MOVED 0 fe80::1:6381").to == host_port{"fe80::1", 6381}));
}

BOOST_AUTO_TEST_CASE(no_host_is_the_one_that_answered) {
  BOOST_TEST((read("MOVED 1 :6381").to == host_port{"10.0.0.1", 6381}));
}

BOOST_AUTO_TEST_CASE(a_redirection_to_nowhere_is_unreadable) {
  for (std::string_view text : {"MOVED",
                                "MOVED ",
                                "MOVED 1",
                                "MOVED 1 ",
                                "MOVED 1 a",
                                "MOVED 1 a:",
                                "MOVED 1 a:0",
                                "MOVED 1 a:65536",
                                "MOVED 1 a:-1",
                                "MOVED 1 a:1x",
                                "MOVED 16384 a:1",
                                "MOVED -1 a:1",
                                "MOVED x a:1",
                                "MOVED 1 ?:6379",
                                "MOVED 1 a b:1",
                                "MOVED 1 a\x01:1",
                                "MOVED :1 a",
                                "ASK",
                                "ASK 99999999999999999999 a:1",
                                "ASK 1 \xff:1",
                                "MOVED  1 a:1"}) {
    BOOST_TEST((read(text).what == kind::unreadable), text);
  }
  BOOST_TEST((read("MOVED 1 " + std::string(254, 'a') + ":1").what == kind::unreadable));
}

BOOST_AUTO_TEST_CASE(other_troubles_of_a_cluster_are_told_apart) {
  BOOST_TEST((read("TRYAGAIN Multiple keys request during rehashing of slot").what == kind::try_again));
  BOOST_TEST((read("CLUSTERDOWN The cluster is down").what == kind::down));
  BOOST_TEST((read("CLUSTERDOWN Hash slot not served").what == kind::down));
}

BOOST_AUTO_TEST_CASE(everything_else_is_a_reply_like_any_other) {
  for (std::string_view text : {"", "ERR MOVED 1 a:1", "NOSCRIPT No matching script.", "moved 1 a:1", "MOVEDX 1 a:1",
                                "OOM command not allowed", "ASKING"}) {
    BOOST_TEST((read(text).what == kind::none), text);
  }
  const reply value(reply::kind::text, "MOVED 1 a:1");
  BOOST_TEST((redis::read_cluster_error(value, here).what == kind::none));
  BOOST_TEST((redis::read_cluster_error(reply(), here).what == kind::none));
}

BOOST_AUTO_TEST_CASE(an_ordinary_reply_is_the_result) {
  auto p = begun();
  const auto next = p.after({}, start);
  BOOST_TEST((next.what == step::settle));
  BOOST_TEST(!next.look);
}

BOOST_AUTO_TEST_CASE(who_is_moved_follows_at_once_and_remembers) {
  auto p = begun();
  const auto next = p.after(moved, start);
  BOOST_TEST((next.what == step::follow));
  BOOST_TEST((next.to == there));
  BOOST_TEST(!next.asking);
  BOOST_TEST(next.learn);
  BOOST_TEST(next.look);
  BOOST_TEST(next.pause.count() == 0);
}

BOOST_AUTO_TEST_CASE(who_is_to_ask_asks_this_once) {
  auto p = begun();
  const auto next = p.after(ask, start);
  BOOST_TEST((next.what == step::follow));
  BOOST_TEST(next.asking);
  BOOST_TEST(!next.learn);
  BOOST_TEST(!next.look);
}

BOOST_AUTO_TEST_CASE(who_is_sent_round_in_circles_gives_up) {
  auto p = begun();
  int followed = 0;
  for (auto now = start; followed < 100; ++followed) {
    const auto next = p.after(followed % 2 == 0 ? moved : ask, now);
    if (next.what == step::settle) {
      break;
    }
    BOOST_TEST((next.pause.count() > 0) == (followed >= 2));
    now += next.pause;
  }
  BOOST_TEST(followed == pursuit::redirections_most);
}

BOOST_AUTO_TEST_CASE(no_redirection_is_followed_past_the_deadline) {
  auto p = begun(milliseconds(5));
  BOOST_TEST((p.after(moved, start + milliseconds(5)).what == step::settle));
  auto q = begun(milliseconds(5));
  q.after(moved, start);
  q.after(moved, start);
  BOOST_TEST((q.after(moved, start + milliseconds(4)).what == step::settle)); // there is no time for the pause
}

BOOST_AUTO_TEST_CASE(a_redirection_about_another_slot_is_not_believed) {
  auto p = begun();
  const auto next = p.after({kind::moved, 8, there}, start);
  BOOST_TEST((next.what == step::settle));
  BOOST_TEST(!next.learn);
  BOOST_TEST(next.look);
}

BOOST_AUTO_TEST_CASE(a_cluster_that_is_down_is_looked_at_and_not_waited_for) {
  for (auto what : {kind::down, kind::unreadable}) {
    auto p = begun();
    const auto next = p.after({.what = what}, start);
    BOOST_TEST((next.what == step::settle));
    BOOST_TEST(next.look);
  }
}

BOOST_AUTO_TEST_CASE(keys_on_their_way_are_waited_for_within_the_deadline) {
  for (const auto limit : {milliseconds(10), milliseconds(3000)}) {
    auto p = begun(limit);
    auto now = start;
    int tries = 0;
    auto last = milliseconds(0);
    for (; tries < 1000; ++tries) {
      const auto next = p.after(try_again, now);
      if (next.what == step::settle) {
        break;
      }
      BOOST_TEST((next.what == step::start_over));
      BOOST_TEST((next.pause >= last && next.pause > milliseconds(0) && next.pause <= pursuit::pause_most));
      last = next.pause;
      now += next.pause;
    }
    BOOST_TEST(tries >= 3);
    BOOST_TEST((now < start + std::min(limit, pursuit::patience)));
    BOOST_TEST((now + pursuit::pause_most >= start + std::min(limit, pursuit::patience)));
  }
}

BOOST_AUTO_TEST_CASE(who_starts_over_may_be_redirected_again) {
  auto p = begun();
  auto now = start;
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST((p.after(ask, now).what == step::follow));
    const auto next = p.after(try_again, now);
    BOOST_TEST((next.what == step::start_over));
    now += next.pause;
  }
  for (int i = 0; i < pursuit::redirections_most; ++i) {
    BOOST_TEST((p.after(ask, now).what == step::follow));
  }
  BOOST_TEST((p.after(ask, now).what == step::settle));
}

BOOST_AUTO_TEST_SUITE_END()
