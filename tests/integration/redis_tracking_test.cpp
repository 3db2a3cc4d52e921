#include "rollcall/redis/tracking.hpp"

#include "support/redis_link.hpp"
#include "support/redis_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cache = rollcall::cache;
namespace redis = rollcall::redis;
namespace net = rollcall::net;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::bulk;
using support::conversation;
using support::until;

namespace {

const std::string one_text = "-:wcId:w1:1@chatroom";
const std::string one_value = "rollcall:{" + one_text + "}";
const std::string one_lease = one_value + ":lease";
const std::string two_text = "-:wcId:w2:2@chatroom";
const std::string two_value = "rollcall:{" + two_text + "}";
const std::string channel = "__redis__:invalidate";

using story = std::vector<std::string>;

/// Writes down what it is told.
class witness final : public redis::observer {
public:
  story told;
  std::function<void(std::string_view)> then = [](std::string_view) {};

  void tracking_up() override { add("up"); }
  void tracking_down() override { add("down"); }
  void value_changed(const cache::identity& id) override { add(fmt::format("value {}", id.text())); }
  void lease_changed(const cache::identity& id) override { add(fmt::format("lease {}", id.text())); }
  void purged(const cache::scope& s) override { add("purged " + s.text()); }
  void everything_changed() override { add("everything"); }

  [[nodiscard]] bool heard(std::string_view what) const { return std::ranges::count(told, what) != 0; }
  [[nodiscard]] auto times(std::string_view what) const { return std::ranges::count(told, what); }

private:
  void add(std::string what) {
    told.push_back(what);
    then(what);
  }
};

/// Proves at the end that stop() tells nothing, that ups and downs took turns, and that nothing is left running.
struct fixture {
  support::log_capture log;
  net::asio::io_context context{1};
  witness ear;
  std::unique_ptr<support::scripted_peer> peer;
  std::unique_ptr<redis::tracking> link;

  static redis::tracking_options quick() {
    redis::tracking_options o;
    o.backoff_first = milliseconds(2);
    o.backoff_most = milliseconds(20);
    o.silence = seconds(60); // tests of it shorten it
    return o;
  }
  static redis::tracking_options alert() {
    auto o = quick();
    o.heartbeat = milliseconds(60);
    o.silence = milliseconds(250);
    return o;
  }

  template <class F>
  auto run(F f) {
    return support::run(context, std::move(f));
  }

  void track(redis::endpoint where, redis::tracking_options o = quick()) {
    link = std::make_unique<redis::tracking>(context.get_executor(), std::move(where), "rollcall", ear, o);
    link->start();
  }
  void track(const std::string& url, redis::tracking_options o = quick()) { track(redis::parse_url(url).value(), o); }
  /// Tracks, and forgets that it came up.
  void follow(const std::string& url, redis::tracking_options o = quick()) {
    track(url, o);
    run([this]() -> net::task<void> { co_await told("up"); });
    ear.told.clear();
  }
  void track_peer(support::scripted_peer::script script, redis::tracking_options o = quick()) {
    peer = std::make_unique<support::scripted_peer>(context, std::move(script));
    track({.path = "", .host = "127.0.0.1", .port = peer->port(), .user = "", .password = ""}, o);
  }

  net::task<void> told(std::string what, std::ptrdiff_t times = 1) {
    return until([this, what, times] { return ear.times(what) >= times; });
  }
  net::task<void> failed(std::size_t times) {
    return until([this, times] { return link->stats().failures.get() >= times; });
  }

  [[nodiscard]] bool takes_turns() const {
    bool up = false;
    for (const auto& what : ear.told) {
      if (what == "up" || what == "down") {
        if (up == (what == "up")) {
          return false;
        }
        up = !up;
      }
    }
    return true;
  }

  ~fixture() {
    const auto before = ear.told;
    if (link) {
      link->stop();
    }
    peer.reset();
    try {
      support::drain(context);
    } catch (const std::exception& e) {
      BOOST_ERROR(e.what());
    }
    BOOST_TEST(ear.told == before, boost::test_tools::per_element());
    if (link) {
      BOOST_TEST(link->stats().up.get() == 0U);
    }
  }
};

std::string message(std::string_view payload) {
  return "*3\r\n" + bulk("message") + bulk(channel) + std::string(payload);
}

std::string changed(const std::vector<std::string>& keys) {
  auto payload = fmt::format("*{}\r\n", keys.size());
  for (const auto& key : keys) {
    payload += bulk(key);
  }
  return message(payload);
}

const std::string subscribed = "*3\r\n" + bulk("subscribe") + bulk(channel) + ":1\r\n";
const std::string pong = "*2\r\n" + bulk("pong") + bulk("");

net::task<void> expect(conversation& talk, conversation::command_type wanted) {
  const auto c = co_await talk.command();
  BOOST_TEST(c == wanted, boost::test_tools::per_element());
}

net::task<void> let_track(conversation& talk) {
  co_await talk.greet();
  co_await expect(talk, {"CLIENT", "ID"});
  co_await talk.send(":7\r\n");
  co_await expect(talk, {"CLIENT", "TRACKING", "ON", "REDIRECT", "7", "BCAST", "PREFIX", "rollcall:"});
  co_await talk.send("+OK\r\n");
  co_await expect(talk, {"SUBSCRIBE", channel});
}

/// The peer's side of an opening that ends well.
net::task<void> let_in(conversation& talk) {
  co_await let_track(talk);
  co_await talk.send(subscribed);
}

net::task<void> answer_pings(conversation& talk, std::string answer = pong) {
  for (;;) {
    co_await expect(talk, {"PING"});
    co_await talk.send(answer);
  }
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_tracking_with_a_server, fixture)

BOOST_AUTO_TEST_CASE(a_value_is_told_however_it_changes) {
  support::redis_server server({.tcp = true, .password = "secret", .arguments = {}});
  for (const bool tcp : {false, true}) {
    follow(server.url(tcp));
    run([&]() -> net::task<void> {
      const auto what = "value " + one_text;
      const auto after = [&](std::initializer_list<std::string_view> command) -> net::task<void> {
        ear.told.clear();
        server.command(command);
        return told(what);
      };
      co_await after({"SET", one_value, "v"});
      co_await after({"EXPIRE", one_value, "100"});
      co_await after({"SETRANGE", one_value, "3", "x"});
      co_await after({"EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", one_value, "v"});
      co_await after({"DEL", one_value});
      co_await after({"SET", one_value, "v", "PX", "300"}); // told now, and again when it has expired
      co_await told(what, 2);
      BOOST_TEST(server.command({"EXISTS", one_value}) == "0");
    });
    BOOST_TEST(link->stats().connects.get() == 1U);
    BOOST_TEST(link->stats().foreign.get() == 0U);
    BOOST_TEST(link->stats().flushes.get() == 0U);
    BOOST_TEST(link->stats().keys.get() == 7U);
    link->stop();
  }
}

BOOST_AUTO_TEST_CASE(leases_and_purges_are_told_and_nothing_is_about_what_is_not_ours) {
  support::redis_server server;
  follow(server.url());
  run([&]() -> net::task<void> {
    server.command({"SET", "another:{" + one_text + "}", "v"});
    server.command({"SADD", "rollcall:w:w1", one_text});
    server.command({"SET", "rollcall:what", "v"});
    server.command({"SET", one_lease, "token", "PX", "60000"});
    server.command({"PEXPIRE", one_lease, "70000"});
    server.command({"DEL", one_lease});
    server.command({"SET", "rollcall:purge:w:w1", "x"});
    server.command({"SET", "rollcall:purge:r:1@chatroom", "x"});
    server.command({"SET", "rollcall:purge:p:w1:1@chatroom", "x"});
    co_await told("purged p:w1:1@chatroom");
  });
  const auto lease = "lease " + one_text;
  const story all{lease, lease, lease, "purged w:w1", "purged r:1@chatroom", "purged p:w1:1@chatroom"};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
  BOOST_TEST(link->stats().foreign.get() == 1U); // the other namespace is never sent
  BOOST_TEST(link->stats().keys.get() == 8U);
}

BOOST_AUTO_TEST_CASE(what_changes_together_is_told_purges_first_and_leases_last) {
  support::redis_server server;
  follow(server.url());
  run([&]() -> net::task<void> {
    server.command({"EVAL",
                    "redis.call('DEL', KEYS[1]) redis.call('SET', KEYS[2], 1) redis.call('SET', KEYS[3], 1) "
                    "redis.call('SET', KEYS[1], 1)",
                    "3", one_lease, one_value, "rollcall:purge:w:w1"});
    co_await told("lease " + one_text);
    const story all{"purged w:w1", "value " + one_text, "lease " + one_text};
    BOOST_TEST(ear.told == all, boost::test_tools::per_element());
    BOOST_TEST(link->stats().messages.get() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_transaction_is_told_when_it_has_been_carried_out) {
  support::redis_server server;
  follow(server.url());
  redis::connection other(context.get_executor(), redis::parse_url(server.url()).value());
  other.start();
  run([&]() -> net::task<void> {
    co_await until([&] { return other.connected(); });
    for (const auto& command : std::vector<story>{
             {"MULTI"}, {"SET", one_value, "v"}, {"DEL", "rollcall:none"}, {"SET", two_value, "v"}, {"PING"}}) {
      const std::vector<std::string_view> args(command.begin(), command.end());
      BOOST_TEST((co_await other.run(args, support::in(seconds(5)))).has_value());
    }
    BOOST_TEST(ear.told.empty());
    BOOST_TEST((co_await other.run({"EXEC"}, support::in(seconds(5)))).value().size() == 4U);
    co_await until([&] { return ear.told.size() >= 2; });
    BOOST_TEST(ear.heard("value " + one_text));
    BOOST_TEST(ear.heard("value " + two_text));
    BOOST_TEST(link->stats().messages.get() == 1U);
  });
  other.stop();
}

BOOST_AUTO_TEST_CASE(a_flush_is_everything_and_what_follows_is_told) {
  support::redis_server server;
  follow(server.url());
  run([&]() -> net::task<void> {
    server.command({"FLUSHALL"});
    co_await told("everything");
    server.command({"FLUSHDB"});
    co_await told("everything", 2);
    server.command({"SET", one_value, "v"});
    co_await told("value " + one_text);
  });
  BOOST_TEST(link->stats().flushes.get() == 2U);
}

BOOST_AUTO_TEST_CASE(the_number_of_the_database_does_not_matter) {
  support::redis_server server;
  follow(server.url() + "?db=3");
  run([&]() -> net::task<void> {
    server.command({"SET", one_value, "v"}); // in 0
    co_await told("value " + one_text);
  });
}

BOOST_AUTO_TEST_CASE(what_somebody_publishes_on_the_channel_is_everything) {
  support::redis_server server;
  follow(server.url());
  run([&]() -> net::task<void> {
    server.command({"PUBLISH", channel, one_value});
    co_await told("everything");
    server.command({"SET", one_value, "v"});
    co_await told("value " + one_text);
  });
  BOOST_TEST(!ear.heard("down"));
}

BOOST_AUTO_TEST_CASE(a_killed_connection_is_one_gap) {
  support::redis_server server;
  track(server.url());
  run([&]() -> net::task<void> {
    co_await told("up");
    BOOST_TEST(server.command({"CLIENT", "LIST", "TYPE", "pubsub"}).find(" flags=Pt") != std::string::npos);
    for (int i = 1; i <= 3; ++i) {
      BOOST_TEST(server.command({"CLIENT", "KILL", "TYPE", "pubsub"}) == "1");
      co_await told("up", i + 1);
      server.command({"SET", one_value, "v"});
      co_await told("value " + one_text, i);
    }
  });
  const auto value = "value " + one_text;
  const story all{"up", "down", "up", value, "down", "up", value, "down", "up", value};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
  BOOST_TEST(link->stats().connects.get() == 4U);
  BOOST_TEST(log.count("tracking: connection lost") == 3U);
}

BOOST_AUTO_TEST_CASE(too_much_to_tell_at_once_is_a_gap_at_most) {
  support::redis_server server(
      {.password = "", .arguments = {"--client-output-buffer-limit", "pubsub", "64kb", "64kb", "1"}});
  track(server.url());
  run([&]() -> net::task<void> {
    co_await told("up");
    server.command(
        {"EVAL", "for i = 1, 100000 do redis.call('SET', 'rollcall:{-:wcId:w1:' .. i .. '@chatroom}', 1) end", "0"});
    co_await told("up", 2);
    server.command({"SET", one_value, "v"});
    co_await told("value " + one_text);
  });
  BOOST_TEST(takes_turns());
}

BOOST_AUTO_TEST_CASE(a_frozen_server_is_noticed_within_the_silence) {
  support::redis_server server;
  const auto o = alert();
  track(server.url(), o);
  run([&]() -> net::task<void> {
    co_await told("up");
    server.freeze();
    const auto before = net::steady_clock::now();
    co_await told("down");
    BOOST_TEST((net::steady_clock::now() - before < o.silence + milliseconds(500)));
    server.thaw();
    co_await told("up", 2);
    server.command({"SET", one_value, "v"});
    co_await told("value " + one_text);
  });
  BOOST_TEST(log.count("no sign of life") == 1U);
  BOOST_TEST(takes_turns());
}

BOOST_AUTO_TEST_CASE(silence_without_a_reason_to_speak_is_no_gap) {
  support::redis_server server;
  const auto o = alert();
  follow(server.url(), o);
  const auto then = support::in(o.silence * 3);
  run([&]() -> net::task<void> { co_await until([&] { return net::steady_clock::now() >= then; }); });
  BOOST_TEST(ear.told.empty());
  BOOST_TEST(link->stats().messages.get() == 0U);
  BOOST_TEST(link->stats().up.get() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_goes_and_comes_is_one_gap) {
  support::redis_server server({.password = "", .arguments = {}, .start = false});
  track(server.url());
  run([&]() -> net::task<void> { co_await failed(3); });
  BOOST_TEST(ear.told.empty());
  server.start();
  run([&]() -> net::task<void> { co_await told("up"); });
  for (const bool crash : {false, true}) {
    const auto failures = link->stats().failures.get();
    crash ? server.kill() : server.stop();
    run([&]() -> net::task<void> { co_await failed(failures + 3); });
    server.start();
    run([&]() -> net::task<void> { co_await told("up", crash ? 3 : 2); });
  }
  const story all{"up", "down", "up", "down", "up"};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
  BOOST_TEST(log.count("cannot connect") == 1U);
  BOOST_TEST(log.count("connection lost") == 2U);
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_told_once_and_never_shown) {
  support::redis_server server({.password = "right", .arguments = {}});
  track("unix://:topsecret@" + server.socket());
  run([&]() -> net::task<void> { co_await failed(5); });
  BOOST_TEST(ear.told.empty());
  BOOST_TEST(log.count("tracking: cannot connect: AUTH refused: WRONGPASS") == 1U);
  BOOST_TEST(log.count("checked with Redis first") == 1U);
  BOOST_TEST(log.count("topsecret") == 0U);
}

BOOST_AUTO_TEST_CASE(a_user_who_may_not_is_told_what_is_lost_and_let_in_once_he_may) {
  support::redis_server server;
  // Of what is wanted, each case allows what the cases before it were refused.
  struct {
    std::string_view rule;
    std::string_view refusal;
  } const cases[] = {{"+ping", "AUTH refused: WRONGPASS"},
                     {">topsecret", "CLIENT ID refused: NOPERM"},
                     {"+client|id", "CLIENT TRACKING refused: NOPERM"},
                     {"+client|tracking", "SUBSCRIBE refused: NOPERM this user has no permissions to run"},
                     {"+subscribe", "SUBSCRIBE refused: NOPERM this user has no permissions to access"},
                     {"&__redis__:invalidate", ""}};
  server.command({"ACL", "SETUSER", "bot", "on", ">other", "~*", "resetchannels"});
  track("unix://bot:topsecret@" + server.socket());
  for (const auto& test : cases) {
    server.command({"ACL", "SETUSER", "bot", test.rule});
    run([&]() -> net::task<void> {
      if (test.refusal.empty()) {
        co_await told("up");
      } else {
        co_await until([&] { return log.count(test.refusal) > 0; });
        co_await failed(link->stats().failures.get() + 3);
        BOOST_TEST(log.count(test.refusal) == 1U, test.rule);
        BOOST_TEST(ear.told.empty(), test.rule);
      }
    });
  }
  BOOST_TEST(log.count("cannot connect") == std::size(cases) - 1);
  BOOST_TEST(log.count("until then every answer from memory is checked with Redis first") ==
             log.count("cannot connect"));
  BOOST_TEST(log.count("topsecret") == 0U);
}

BOOST_AUTO_TEST_CASE(a_user_who_loses_the_right_to_listen_is_a_gap) {
  support::redis_server server;
  server.command({"ACL", "SETUSER", "bot", "on", ">secret", "~*", "+@all", "&*"});
  track("unix://bot:secret@" + server.socket());
  run([&]() -> net::task<void> {
    co_await told("up");
    server.command({"ACL", "SETUSER", "bot", "resetchannels"});
    co_await told("down");
    co_await failed(2);
    server.command({"ACL", "SETUSER", "bot", "allchannels"});
    co_await told("up", 2);
  });
  BOOST_TEST(takes_turns());
}

BOOST_AUTO_TEST_CASE(it_may_be_stopped_at_any_moment_of_its_life) {
  support::redis_server server;
  int came_up = 0;
  for (int turns = 0; came_up < 5 && turns < 300; ++turns) {
    track(server.url() + "?db=1");
    context.restart();
    for (int i = 0; i < turns; ++i) {
      context.run_one_for(milliseconds(20));
    }
    const auto before = ear.told;
    link->stop();
    support::drain(context, seconds(5));
    BOOST_TEST(ear.told == before, boost::test_tools::per_element());
    BOOST_TEST(link->stats().up.get() == 0U);
    came_up += ear.heard("up") ? 1 : 0;
    ear.told.clear();
  }
  BOOST_TEST(came_up == 5);
}

BOOST_AUTO_TEST_CASE(who_is_told_may_stop_it_and_destroy_it) {
  support::redis_server server;
  for (const std::string last : {"up", "value", "purged", "everything"}) {
    track(server.url());
    ear.told.clear();
    ear.then = [&](std::string_view what) {
      if (what.starts_with(last)) {
        link.reset();
      }
    };
    run([&]() -> net::task<void> {
      if (last != "up") {
        co_await told("up");
        server.command(last == "everything" ? std::initializer_list<std::string_view>{"FLUSHALL"}
                                            : std::initializer_list<std::string_view>{
                                                  "MSET", one_value, "v", two_value, "v", one_lease, "t",
                                                  last == "purged" ? "rollcall:purge:w:w1" : "rollcall:w:w1", "x"});
      }
      co_await until([&] { return link == nullptr; });
    });
    support::drain(context);
    BOOST_TEST(ear.told.back().starts_with(last));
    BOOST_TEST(ear.told.size() == (last == "up" ? 1U : 2U));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(redis_tracking_with_a_scripted_peer, fixture)

BOOST_AUTO_TEST_CASE(it_is_up_only_when_all_is_confirmed) {
  bool confirm = false;
  track_peer([&](conversation& talk) -> net::task<void> {
    co_await let_track(talk);
    BOOST_TEST(ear.told.empty());
    co_await until([&] { return confirm; });
    // What comes in one packet with the confirmation is told after it.
    co_await talk.send(subscribed + changed({one_value}));
    co_await answer_pings(talk);
  });
  const auto then = support::in(milliseconds(50));
  run([&]() -> net::task<void> { co_await until([&] { return net::steady_clock::now() >= then; }); });
  BOOST_TEST(ear.told.empty());
  confirm = true;
  run([&]() -> net::task<void> { co_await told("value " + one_text); });
  BOOST_TEST(ear.told.front() == "up");
}

BOOST_AUTO_TEST_CASE(a_slow_confirmation_is_a_failed_attempt) {
  auto o = quick();
  o.connect_timeout = milliseconds(60);
  track_peer(
      [](conversation& talk) -> net::task<void> {
        if (talk.number() < 2) {
          co_await let_track(talk); // each step in time, and the last one never
          co_await talk.ignore();
        }
        co_await let_in(talk);
        co_await answer_pings(talk);
      },
      o);
  run([&]() -> net::task<void> { co_await failed(1); });
  BOOST_TEST(ear.told.empty());
  run([&]() -> net::task<void> { co_await told("up"); });
  BOOST_TEST(link->stats().failures.get() >= 2U);
  BOOST_TEST(log.count("timed out") == 1U);
}

BOOST_AUTO_TEST_CASE(everything_may_come_byte_by_byte) {
  track_peer([](conversation& talk) -> net::task<void> {
    co_await talk.command();
    co_await talk.send_bytewise("+PONG\r\n");
    co_await talk.command();
    co_await talk.send_bytewise(":7\r\n");
    co_await talk.command();
    co_await talk.send_bytewise("+OK\r\n");
    co_await talk.command();
    co_await talk.send_bytewise(subscribed + changed({one_value, one_lease}) + message("*-1\r\n"));
    co_await answer_pings(talk);
  });
  run([&]() -> net::task<void> { co_await told("everything"); });
  const story all{"up", "value " + one_text, "lease " + one_text, "everything"};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_opening_that_is_refused_or_odd_is_never_up) {
  struct {
    story replies;
    std::string_view told;
  } const cases[] = {
      {{"+PONG\r\n", "-ERR unknown command `CLIENT`, with args beginning with: `ID`, \r\n"}, "CLIENT ID refused: ERR"},
      {{"+PONG\r\n", ":7\r\n", "-ERR Unknown subcommand or wrong number of arguments for 'TRACKING'\r\n"},
       "CLIENT TRACKING refused: ERR Unknown subcommand"},
      {{"+PONG\r\n", ":7\r\n", "+OK\r\n", "-NOPERM this user has no permissions to access the channel\r\n"},
       "SUBSCRIBE refused: NOPERM"},
      {{"+PONG\r\n", "+OK\r\n"}, "not the Redis protocol: a reply to CLIENT ID"},
      {{"+PONG\r\n", ":0\r\n"}, "not the Redis protocol: a reply to CLIENT ID"},
      {{"+PONG\r\n", ":7\r\n", "+QUEUED\r\n"}, "not the Redis protocol: a reply to CLIENT TRACKING"},
      {{"+PONG\r\n", ":7\r\n", "+OK\r\n", "+OK\r\n"}, "not the Redis protocol: a reply to SUBSCRIBE"},
      {{"+PONG\r\n", ":7\r\n", "+OK\r\n", "*3\r\n" + bulk("subscribe") + bulk("other") + ":1\r\n"},
       "not the Redis protocol: a reply to SUBSCRIBE"},
      {{"+PONG\r\n", ":7\r\n", "+OK\r\n", changed({one_value})}, "not the Redis protocol: a reply to SUBSCRIBE"},
      {{"+PONG\r\n", ":7\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"}, "not the Redis protocol"}};
  for (const auto& test : cases) {
    const auto told_before = log.count(test.told);
    track_peer([&](conversation& talk) -> net::task<void> {
      for (const auto& reply : test.replies) {
        co_await talk.command();
        co_await talk.send(reply);
      }
      co_await talk.ignore();
    });
    run([&]() -> net::task<void> { co_await failed(4); });
    BOOST_TEST(log.count(test.told) == told_before + 1, test.told);
    BOOST_TEST(ear.told.empty());
    BOOST_TEST(link->stats().connects.get() == 0U);
    link->stop();
    peer.reset();
    support::drain(context);
  }
  BOOST_TEST(log.count("checked with Redis first") == 3U); // the refusals
}

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_read_is_everything_and_no_gap) {
  const story odd{message(bulk(one_value)), message("*0\r\n"), message(":1\r\n"), "*1\r\n" + bulk("message"),
                  message("*2\r\n:1\r\n" + bulk(one_value))};
  track_peer([&](conversation& talk) -> net::task<void> {
    co_await let_in(talk);
    for (const auto& m : odd) {
      co_await talk.send(m);
    }
    co_await answer_pings(talk);
  });
  run([&]() -> net::task<void> { co_await told("value " + one_text); });
  const story all{"up", "everything", "everything", "everything", "everything", "everything", "value " + one_text};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
  BOOST_TEST(link->stats().messages.get() == 5U);
  BOOST_TEST(link->stats().flushes.get() == 5U);
}

BOOST_AUTO_TEST_CASE(what_is_not_the_protocol_is_a_gap) {
  const story cases{"HTTP/1.1 400 Bad Request\r\n\r\n",
                    "+OK\r\n",
                    pong,
                    "*3\r\n" + bulk("unsubscribe") + bulk(channel) + ":0\r\n",
                    ">2\r\n+invalidate\r\n*-1\r\n",
                    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"};
  for (const auto& says : cases) {
    ear.told.clear();
    track_peer([&](conversation& talk) -> net::task<void> {
      co_await let_in(talk);
      if (talk.number() == 0) {
        co_await talk.send(changed({one_value}) + says + changed({two_value}));
        co_await talk.ignore();
      }
      co_await answer_pings(talk);
    });
    run([&]() -> net::task<void> { co_await told("up", 2); });
    const story all{"up", "value " + one_text, "down", "up"};
    BOOST_TEST(ear.told == all, boost::test_tools::per_element());
    link->stop();
    peer.reset();
    support::drain(context);
  }
  BOOST_TEST(log.count("not the Redis protocol") == cases.size());
}

BOOST_AUTO_TEST_CASE(a_connection_that_ends_within_a_message_is_a_gap) {
  track_peer([&](conversation& talk) -> net::task<void> {
    co_await let_in(talk);
    if (talk.number() == 0) {
      const auto m = changed({one_value});
      co_await talk.send(m.substr(0, m.size() - 1));
      talk.close();
      co_return;
    }
    co_await answer_pings(talk);
  });
  run([&]() -> net::task<void> { co_await told("up", 2); });
  const story all{"up", "down", "up"};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ten_thousand_keys_in_one_message) {
  std::vector<std::string> keys;
  for (int i = 0; i < 10'000; ++i) {
    keys.push_back(fmt::format("rollcall:{{-:wcId:w1:{}@chatroom}}", i));
  }
  keys.insert(keys.begin() + 5000, {"foreign", one_lease, "rollcall:purge:w:w1"});
  track_peer([&](conversation& talk) -> net::task<void> {
    co_await let_in(talk);
    co_await talk.send(changed(keys));
    co_await answer_pings(talk);
  });
  run([&]() -> net::task<void> { co_await told("lease " + one_text); });
  BOOST_REQUIRE(ear.told.size() == 10'003U); // up and all but the foreign one
  BOOST_TEST(ear.told[1] == "purged w:w1");
  BOOST_TEST(ear.told[2] == "value -:wcId:w1:0@chatroom");
  BOOST_TEST(ear.told[10'001] == "value -:wcId:w1:9999@chatroom");
  BOOST_TEST(ear.told[10'002] == "lease " + one_text);
  BOOST_TEST(link->stats().messages.get() == 1U);
  BOOST_TEST(link->stats().keys.get() == 10'003U);
  BOOST_TEST(link->stats().foreign.get() == 1U);
}

BOOST_AUTO_TEST_CASE(an_own_store_does_not_hide_the_purge_beside_it) {
  // The store wrote the value and gave the lease back; the purge of somebody else wrote its signal in the same turn.
  track_peer([](conversation& talk) -> net::task<void> {
    co_await let_in(talk);
    co_await talk.send(changed({one_lease, one_value, "rollcall:purge:p:w1:1@chatroom"}));
    co_await answer_pings(talk);
  });
  run([&]() -> net::task<void> { co_await told("lease " + one_text); });
  const story all{"up", "purged p:w1:1@chatroom", "value " + one_text, "lease " + one_text};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_peer_that_never_answers_is_given_up) {
  const auto o = alert();
  track_peer(
      [](conversation& talk) -> net::task<void> {
        co_await let_in(talk);
        if (talk.number() > 0) {
          co_await answer_pings(talk);
        }
        co_await expect(talk, {"PING"});
        co_await talk.ignore();
      },
      o);
  run([&]() -> net::task<void> {
    co_await told("up");
    const auto before = net::steady_clock::now();
    co_await told("down");
    const auto took = net::steady_clock::now() - before;
    BOOST_TEST((took >= o.silence - milliseconds(20)));
    BOOST_TEST((took < o.silence + milliseconds(500)));
    co_await told("up", 2);
  });
}

BOOST_AUTO_TEST_CASE(any_answer_to_a_ping_is_a_sign_of_life) {
  for (const auto& answer : {pong, std::string("+PONG\r\n"), std::string("-NOPERM no ping for this user\r\n")}) {
    const auto o = alert();
    ear.told.clear();
    std::size_t answered = 0;
    track_peer(
        [&](conversation& talk) -> net::task<void> {
          co_await let_in(talk);
          for (;; ++answered) {
            co_await expect(talk, {"PING"});
            co_await talk.send(answer);
          }
        },
        o);
    run([&]() -> net::task<void> { co_await until([&] { return answered >= 10; }); });
    BOOST_TEST(ear.told == story{"up"}, boost::test_tools::per_element());
    link->stop();
    peer.reset();
    support::drain(context);
  }
}

BOOST_AUTO_TEST_CASE(any_byte_is_a_sign_of_life) {
  const auto o = alert();
  track_peer(
      [&](conversation& talk) -> net::task<void> {
        co_await let_in(talk);
        net::timer pause(context.get_executor());
        for (const char byte : changed({one_value})) { // takes some 2 s, eight times the silence
          co_await talk.send(std::string(1, byte));
          pause.expires_after(milliseconds(25));
          co_await pause.async_wait(net::no_throw);
        }
        co_await answer_pings(talk);
      },
      o);
  run([&]() -> net::task<void> { co_await told("value " + one_text); });
  const story all{"up", "value " + one_text};
  BOOST_TEST(ear.told == all, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_peer_that_drops_everybody_is_not_asked_at_full_speed) {
  auto o = quick();
  o.backoff_first = milliseconds(20);
  o.backoff_most = seconds(10);
  track_peer(
      [](conversation& talk) -> net::task<void> {
        co_await let_in(talk);
        talk.close();
      },
      o);
  const auto then = support::in(milliseconds(300));
  run([&]() -> net::task<void> { co_await until([&] { return net::steady_clock::now() >= then; }); });
  BOOST_TEST(peer->accepted() > 0U);
  BOOST_TEST(peer->accepted() < 20U);
  BOOST_TEST(takes_turns());
}

BOOST_AUTO_TEST_SUITE_END()
