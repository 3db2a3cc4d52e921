// getChatRoomMember through a whole gateway: what the upstream sees, and what each of its answers comes to.
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_upstream.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::answering;
using support::eventually;
using support::http_answer;
using support::members_request;
using support::raw_answer;
using support::raw_client;
using support::received_request;
using support::running_gateway;
using support::scripted_upstream;
using support::upstream_connection;
using steady_clock = std::chrono::steady_clock;
using adjust = std::function<void(rollcall::ops::config&)>;

const std::string json_field = "Content-Type: application/json\r\n";
const std::string good_body =
    R"({"message":"成功","code":"1000","data":[{"userName":"wxid_1","nickName":"Gun🦑","x":null}]})";
const std::string good = http_answer(200, good_body, json_field);

std::string query(std::string_view room, std::string_view w_id = "w") {
  return R"({"wId":")" + std::string(w_id) + R"(","wcId":")" + std::string(room) + R"("})";
}

/// An upstream whose answers the test changes as it goes: raw bytes, after which the connection is closed when they
/// are not a whole answer.
class moody_upstream {
public:
  struct mood {
    std::string answer;
    bool then_close = false;
    bool hang = false;
  };
  moody_upstream() : peer([this](upstream_connection& c) { play(c); }) {}
  void becomes(mood m) {
    const std::scoped_lock lock(mutex_);
    mood_ = std::move(m);
  }

private:
  void play(upstream_connection& c) {
    while (c.read()) {
      const auto now = current();
      if (now.hang)
        return c.ignore();
      c.send(now.answer);
      if (now.then_close)
        return;
    }
  }
  mood current() const {
    const std::scoped_lock lock(mutex_);
    return mood_;
  }
  mutable std::mutex mutex_;
  mood mood_{.answer = good};

public:
  scripted_upstream peer; // last: its threads use what is above
};

rollcall::ops::config settings(const scripted_upstream& upstream, const adjust& change = {}) {
  auto c = running_gateway::settings_for(upstream.url());
  c.upstream.timeout = 300ms;
  if (change)
    change(c);
  return c;
}

/// Answers are fresh for a millisecond, after which only a failure of the upstream makes them served; each request asks
/// anew, however the last one ended.
void soon_stale(rollcall::ops::config& c) {
  c.cache.fresh = 1ms;
  c.cache.jitter = 0;
  c.cache.early_refresh = 0;
  c.cache.stale_while_revalidate = 0ms;
  c.cache.failure = 0ms;
}

/// The same, but stale answers are served while they are renewed.
void soon_renewed(rollcall::ops::config& c) {
  soon_stale(c);
  c.cache.stale_while_revalidate = 1h;
}

bool is_hit(const raw_answer& a) {
  return a.field("Cache-Status").starts_with("rollcall; hit");
}

/// Asks until the answer is not a fresh one of the cache's.
raw_answer ask_past_freshness(raw_client& client, const std::string& text) {
  raw_answer a;
  BOOST_TEST_REQUIRE(eventually([&] { return !is_hit(a = client.ask(text)); }));
  return a;
}

/// A hit that says of itself that it is stale. In its first stale millisecond, what is left is still 0.
void check_stale_hit(const raw_answer& a) {
  BOOST_TEST(a.status == 200U);
  BOOST_TEST(a.body == good_body);
  BOOST_TEST(!a.field("Age").empty());
  const auto status = a.field("Cache-Status");
  BOOST_TEST((status.starts_with("rollcall; hit; ttl=-") || status.starts_with("rollcall; hit; ttl=0;")), status);
  BOOST_TEST(status.ends_with("; detail=memory"), status);
}

void check_envelope(const raw_answer& a, unsigned status) {
  BOOST_TEST(a.status == status);
  BOOST_TEST(a.field("Content-Type").starts_with("application/json"));
  BOOST_TEST(a.body.starts_with(R"({"message": ")"), a.body);
  BOOST_TEST(a.body.ends_with(R"(", "code": "1001", "data": null})"), a.body);
}

BOOST_AUTO_TEST_SUITE(members_suite)

BOOST_AUTO_TEST_CASE(the_upstream_sees_the_canonical_request_and_nothing_else_of_the_clients) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer));
  const std::string canonical = R"({"wId":"w\"1","wcId":"r@chatroom"})";
  const auto expected = [&](std::string_view credential) {
    return "POST /getChatRoomMember HTTP/1.1\r\nHost: " + u.peer.authority() +
           "\r\nContent-Type: application/json\r\n" + std::string(credential) +
           "Content-Length: " + std::to_string(canonical.size()) + "\r\n\r\n" + canonical;
  };
  const std::string fields = "Cookie: session=secret\r\nX-Forwarded-For: 10.0.0.1\r\nUser-Agent: okhttp/4\r\n"
                             "Accept: */*\r\nAccept-Encoding: gzip, br\r\nIf-None-Match: \"x\"\r\nRange: bytes=0-1\r\n"
                             "Connection: keep-alive, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n";
  const std::string odd_spelling = " { \"wcId\" :\"r\\u0040chatroom\",\n\"w\\u0049d\": \"w\\u00221\" } ";
  {
    raw_client client(gateway.port());
    BOOST_TEST(client.ask(members_request(odd_spelling, fields + "authorization: token 1\r\n")).body == good_body);
  }
  raw_client client(gateway.port());
  BOOST_TEST(client.ask(members_request(odd_spelling, fields)).body == good_body);
  // Each on a connection of its own or both on one, by the lane that took them.
  std::string raw;
  for (std::size_t i = 0; i < u.peer.connections(); ++i)
    raw += u.peer.raw(i);
  BOOST_TEST(raw == expected("Authorization: token 1\r\n") + expected(""));
}

BOOST_AUTO_TEST_CASE(a_success_is_stored_and_its_bytes_are_kept) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer));
  for (const std::string& body :
       {good_body, std::string("\n{ \"code\" : 1000, \"data\":[ ] ,\"v\":1.50,\"e\":\"\\ud83e\\udd91\"}  "),
        "{\"code\":\"1000\",\"data\":[{\"userName\":\"" + std::string(300'000, 'x') + "\"}]}"}) {
    u.becomes({.answer = http_answer(200, body, "Content-Type: application/json;charset=utf-8\r\n")});
    raw_client client(gateway.port());
    const auto text = members_request(query("room" + std::to_string(body.size())));
    const auto before = u.peer.requests();
    const auto first = client.ask(text);
    BOOST_TEST((first.body == body));
    BOOST_TEST(first.field("Cache-Status") == "rollcall; fwd=miss; fwd-status=200; stored");
    for (int i = 0; i < 5; ++i) {
      raw_client other(gateway.port());
      const auto a = other.ask(text);
      BOOST_TEST((a.body == body));
      BOOST_TEST(a.field("Content-Type") == "application/json;charset=utf-8");
      BOOST_TEST(a.field("Age") == "0");
      BOOST_TEST(a.field("Cache-Status").starts_with("rollcall; hit; ttl="));
    }
    BOOST_TEST(u.peer.requests() == before + 1);
  }
}

/// An answer that is not stored, and what the client gets of it.
struct trouble {
  std::string_view name;
  moody_upstream::mood mood;
  unsigned status;         // for who has nothing else; 0: relayed as it is
  std::string_view detail; // ... and of what is served stale instead
  bool final = false;      // the instance's own word on this request: relayed whatever else there is
  unsigned relayed = 200;
};

std::vector<trouble> troubles() {
  const auto json = [](unsigned status, std::string_view body) {
    return moody_upstream::mood{.answer = http_answer(status, body, json_field)};
  };
  const std::string failure = R"({"message":"失败","code":"1001","data":null})";
  const std::string html = "<html>oops</html>";
  return {
      {"business failure", json(200, failure), 0, "business-failure"},
      {"business failure, as a number", json(200, R"({"code":10001,"msg":"x"})"), 0, "business-failure"},
      {"success without a list", json(200, R"({"message":"","code":1000,"data":null})"), 0, "", true},
      {"unreadable", json(200, html), 502, "unreadable"},
      {"half a document", json(200, good_body.substr(0, good_body.size() - 1)), 502, "unreadable"},
      {"two documents", json(200, good_body + good_body), 502, "unreadable"},
      {"nothing", json(200, ""), 502, "unreadable"},
      {"not UTF-8", json(200, "{\"code\":\"1000\",\"data\":[\"\xff\"]}"), 502, "unreadable"},
      {"500 with a page", {http_answer(500, html)}, 502, "http-error"},
      {"500 with an envelope", json(500, failure), 0, "http-error", false, 500},
      {"500 with a list", json(500, good_body), 0, "http-error", false, 500},
      {"503 with nothing", {http_answer(503, "")}, 502, "http-error"},
      {"404 with a page", {http_answer(404, html)}, 0, "", true, 404},
      {"401 with an envelope", json(401, failure), 0, "", true, 401},
      {"429 with a page", {http_answer(429, html)}, 502, "http-error"},
      {"302", {http_answer(302, "", "Location: http://elsewhere/\r\n")}, 502, "http-error"},
      {"204", {"HTTP/1.1 204 No Content\r\n\r\n"}, 502, "http-error"},
      {"gzip unasked",
       {http_answer(200, "\x1f\x8b\x08", json_field + "Content-Encoding: gzip\r\n")},
       502,
       "unreadable"},
      {"a list that claims to be gzip", {http_answer(200, good_body, "Content-Encoding: gzip\r\n")}, 502, "unreadable"},
      {"truncated", {good.substr(0, good.size() - 1), true}, 502, "closed"},
      {"truncated in its head", {good.substr(0, 30), true}, 502, "closed"},
      {"closed", {"", true}, 502, "unanswered"},
      {"no HTTP", {"SSH-2.0-x\r\n\r\n", true}, 502, "malformed"},
      {"ambiguous length", {http_answer(200, good_body, "Transfer-Encoding: chunked\r\n"), true}, 502, "malformed"},
      {"too large", {"HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n", true}, 502, "too-large"},
      {"hanging", {"", false, true}, 504, "timed-out"},
  };
}

BOOST_AUTO_TEST_CASE(what_is_not_a_success_is_never_stored) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer, [](rollcall::ops::config& c) { c.cache.failure = 0ms; }));
  raw_client client(gateway.port());
  for (const auto& t : troubles())
    BOOST_TEST_CONTEXT(t.name) {
      const auto text = members_request(query(t.name));
      for (int i = 0; i < 2; ++i) { // the second time it would come from the store
        u.becomes(t.mood);
        const auto before = u.peer.requests();
        const auto a = client.ask(text);
        BOOST_TEST(u.peer.requests() > before);
        BOOST_TEST(a.field("Cache-Status").starts_with("rollcall; fwd=miss"));
        BOOST_TEST(a.field("Cache-Status").find("stored") == std::string::npos);
        if (t.status != 0) {
          check_envelope(a, t.status);
          BOOST_TEST(a.field("Cache-Status").ends_with("detail=" + std::string(t.detail)));
          continue;
        }
        BOOST_TEST(a.status == t.relayed);
        BOOST_TEST(a.body == t.mood.answer.substr(t.mood.answer.find("\r\n\r\n") + 4));
        BOOST_TEST(a.field("Cache-Status") == "rollcall; fwd=miss; fwd-status=" + std::to_string(t.relayed));
      }
      u.becomes({.answer = good});
      BOOST_TEST(client.ask(text).body == good_body); // and it is forgotten at once
    }
}

// So that the next burst on a room that cannot be listed costs no call. Whatever a bot could not read, or is no word of
// the platform's on the list, is asked for again.
BOOST_AUTO_TEST_CASE(what_the_platform_says_instead_of_a_list_is_remembered_for_a_while_and_nothing_else_is) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer, [](rollcall::ops::config& c) { c.cache.failure = 1h; }));
  raw_client client(gateway.port());
  int failures = 0;
  for (const auto& t : troubles())
    BOOST_TEST_CONTEXT(t.name) {
      const auto text = members_request(query(t.name));
      u.becomes(t.mood);
      const auto first = client.ask(text);
      BOOST_TEST(first.field("Cache-Status").starts_with("rollcall; fwd=miss"));
      u.becomes({.answer = good});
      const auto before = u.peer.requests();
      const bool remembered = t.status == 0 && t.relayed == 200;
      failures += remembered;
      BOOST_TEST(support::metric(gateway.admin_port(), "rollcall_failures_remembered") == failures);
      for (int i = 0; i < 3; ++i) {
        raw_client other(gateway.port()); // of either thread
        const auto a = other.ask(text);
        BOOST_TEST(a.body == (remembered ? first.body : good_body));
        if (!remembered)
          continue;
        BOOST_TEST(a.status == 200U);
        BOOST_TEST(a.field("Content-Type") == first.field("Content-Type"));
        BOOST_TEST(a.field("Cache-Status") == "rollcall; hit; detail=failure");
        BOOST_TEST(!a.field("Age").empty());
      }
      BOOST_TEST(u.peer.requests() == before + (remembered ? 0 : 1));
    }
}

BOOST_AUTO_TEST_CASE(the_last_good_answer_is_served_instead) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer, soon_stale));
  raw_client client(gateway.port());
  for (const auto& t : troubles())
    BOOST_TEST_CONTEXT(t.name) {
      const auto text = members_request(query(t.name));
      u.becomes({.answer = good});
      BOOST_TEST(client.ask(text).body == good_body);
      u.becomes(t.mood);
      for (int i = 0; i < 2; ++i) {
        const auto a = ask_past_freshness(client, text);
        if (t.final) {
          BOOST_TEST(a.status == t.relayed);
          BOOST_TEST(a.body == t.mood.answer.substr(t.mood.answer.find("\r\n\r\n") + 4));
          BOOST_TEST(a.field("Age") == "");
          continue;
        }
        BOOST_TEST(a.status == 200U);
        BOOST_TEST(a.body == good_body);
        BOOST_TEST(a.field("Content-Type") == "application/json");
        BOOST_TEST(!a.field("Age").empty());
        const auto status = a.field("Cache-Status");
        BOOST_TEST(status.starts_with("rollcall; fwd=stale; "), status);
        const bool over = status.find("; ttl=-") != std::string::npos || status.find("; ttl=0;") != std::string::npos;
        BOOST_TEST(over, status);
        BOOST_TEST(status.ends_with("; detail=" + std::string(t.detail)), status);
      }
      u.becomes({.answer = http_answer(200, R"({"code":1000,"data":["new"]})")});
      const auto renewed = ask_past_freshness(client, text);
      BOOST_TEST(renewed.body == R"({"code":1000,"data":["new"]})");
      BOOST_TEST(renewed.field("Cache-Status") == "rollcall; fwd=stale; fwd-status=200; stored");
    }
}

BOOST_AUTO_TEST_CASE(a_stale_answer_is_served_at_once_and_renewed_behind_it) {
  std::atomic<bool> may_answer = true;
  std::atomic<int> calls = 0;
  scripted_upstream upstream([&](upstream_connection& c) {
    while (c.read()) {
      const int call = ++calls;
      while (!may_answer && c.wait(1ms))
        ;
      c.send(call == 1 ? good : http_answer(200, R"({"code":1000,"data":["new"]})"));
    }
  });
  running_gateway gateway(settings(upstream, [](rollcall::ops::config& c) {
    soon_renewed(c);
    c.upstream.timeout = 30s;
  }));
  const auto text = members_request(query("r"));
  raw_client client(gateway.port());
  BOOST_TEST(client.ask(text).body == good_body);
  may_answer = false;
  BOOST_TEST_REQUIRE(eventually([&] {
    BOOST_TEST(client.ask(text).body == good_body);
    return calls == 2;
  }));
  for (int i = 0; i < 20; ++i)
    check_stale_hit(raw_client(gateway.port()).ask(text));
  BOOST_TEST(calls == 2, "one renewal at a time");
  may_answer = true;
  raw_answer a;
  BOOST_TEST(eventually([&] { return (a = client.ask(text)).body != good_body; }));
  BOOST_TEST(a.body == R"({"code":1000,"data":["new"]})");
  BOOST_TEST(is_hit(a));
}

BOOST_AUTO_TEST_CASE(after_a_failure_a_stale_answer_is_served_without_another_attempt_for_a_while) {
  for (const auto windows : {soon_stale, soon_renewed})
    for (const auto& t : troubles())
      BOOST_TEST_CONTEXT(t.name << (windows == soon_stale ? ", in the foreground" : ", in the background")) {
        if (t.mood.hang)
          continue; // three hundred milliseconds each
        moody_upstream u;
        running_gateway gateway(settings(u.peer, [&](rollcall::ops::config& c) {
          windows(c);
          c.cache.failure = 1h;
        }));
        const auto text = members_request(query("r"));
        raw_client client(gateway.port());
        BOOST_TEST(client.ask(text).body == good_body);
        u.becomes(t.mood);
        BOOST_TEST_REQUIRE(eventually([&] {
          client.ask(text);
          return support::metric(gateway.admin_port(), "rollcall_failures_remembered") == 1;
        }));
        const auto before = u.peer.requests();
        u.becomes({.answer = http_answer(200, R"({"code":1000,"data":["new"]})")});
        for (int i = 0; i < 10; ++i)
          check_stale_hit(raw_client(gateway.port()).ask(text));
        BOOST_TEST(u.peer.requests() == before);
      }
}

BOOST_AUTO_TEST_CASE(when_the_time_of_a_failure_is_over_a_stale_answer_is_renewed_again) {
  for (const auto windows : {soon_stale, soon_renewed}) {
    moody_upstream u;
    running_gateway gateway(settings(u.peer, [&](rollcall::ops::config& c) {
      windows(c);
      c.cache.failure = 100ms;
    }));
    const auto text = members_request(query("r"));
    raw_client client(gateway.port());
    BOOST_TEST(client.ask(text).body == good_body);
    u.becomes({.answer = http_answer(500, "")});
    BOOST_TEST_REQUIRE(eventually([&] { return client.ask(text).body == good_body && u.peer.requests() >= 3; }));
    u.becomes({.answer = http_answer(200, R"({"code":1000,"data":["new"]})")});
    BOOST_TEST(eventually([&] { return client.ask(text).body == R"({"code":1000,"data":["new"]})"; }));
  }
}

BOOST_AUTO_TEST_CASE(a_success_ends_what_was_remembered_of_a_failure) {
  moody_upstream u;
  u.becomes({.answer = http_answer(200, R"({"code":1001})", json_field)});
  running_gateway gateway(settings(u.peer, [](rollcall::ops::config& c) {
    soon_renewed(c);
    c.cache.failure = 1h;
  }));
  raw_client client(gateway.port());
  client.ask(members_request(query("r")));
  u.becomes({.answer = good});
  BOOST_TEST(client.ask(members_request(query("r"))).field("Cache-Status") == "rollcall; hit; detail=failure");
  // Who wants nothing older than a second may ask again.
  const auto insisting = members_request(query("r"), "Cache-Control: no-cache\r\n");
  BOOST_TEST_REQUIRE(eventually([&] { return client.ask(insisting).body == good_body; }));
  u.becomes({.answer = http_answer(200, R"({"code":1000,"data":["new"]})")});
  BOOST_TEST(eventually([&] { return client.ask(members_request(query("r"))).body != good_body; }), "it is renewed");
}

// Neither for who asks and fails, nor for who is spared another attempt.
BOOST_AUTO_TEST_CASE(beyond_its_last_limit_an_answer_is_never_served) {
  for (const auto failure : {0ms, 3'600'000ms}) {
    moody_upstream u;
    running_gateway gateway(settings(u.peer, [&](rollcall::ops::config& c) {
      soon_stale(c);
      c.cache.stale_if_error = 20ms;
      c.cache.failure = failure;
    }));
    raw_client client(gateway.port());
    BOOST_TEST(client.ask(members_request(query("r"))).body == good_body);
    u.becomes({.answer = http_answer(500, "")});
    raw_answer a;
    BOOST_TEST_REQUIRE(eventually([&] { return (a = client.ask(members_request(query("r")))).status != 200; }));
    for (int i = 0; i < 20; ++i) {
      check_envelope(a, 502);
      a = client.ask(members_request(query("r")));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_upstream_that_is_down_is_a_502_or_the_last_good_answer) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer, soon_stale));
  raw_client client(gateway.port());
  u.becomes({.answer = good, .then_close = true});
  BOOST_TEST(client.ask(members_request(query("known"))).body == good_body);
  u.peer.refuse();
  const auto stale = ask_past_freshness(client, members_request(query("known")));
  BOOST_TEST(stale.body == good_body);
  BOOST_TEST(stale.field("Cache-Status").ends_with("detail=unreachable"));
  check_envelope(client.ask(members_request(query("unknown"))), 502);
}

// Nobody asked for a coding; but a 404 in one is still a 404, and the client must be able to read it.
BOOST_AUTO_TEST_CASE(a_relayed_answer_keeps_the_name_of_its_coding) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer));
  u.becomes({.answer = http_answer(404, "\x1f\x8b packed", "Content-Type: text/html\r\nContent-Encoding: gzip\r\n")});
  raw_client client(gateway.port());
  const auto a = client.ask(members_request(query("r")));
  BOOST_TEST(a.status == 404U);
  BOOST_TEST(a.field("Content-Type") == "text/html");
  BOOST_TEST(a.field("Content-Encoding") == "gzip");
  BOOST_TEST(a.body == "\x1f\x8b packed");
}

BOOST_AUTO_TEST_CASE(a_request_whose_body_is_coded_is_passed_through_as_it_is) {
  moody_upstream u;
  running_gateway gateway(settings(u.peer));
  raw_client client(gateway.port());
  const std::string coded = "\x1f\x8b packed";
  const auto a = client.ask(members_request(coded, "Content-Encoding: gzip\r\n"));
  BOOST_TEST(a.body == good_body);
  BOOST_TEST(a.field("Cache-Status") == "rollcall; fwd=bypass; fwd-status=200");
  BOOST_TEST(u.peer.raw(0).ends_with("\r\n\r\n" + coded));
  BOOST_TEST(client.ask(members_request(query("r"), "Content-Encoding: identity\r\n")).field("Cache-Status") ==
             "rollcall; fwd=miss; fwd-status=200; stored");
}

BOOST_AUTO_TEST_CASE(whoever_asks_with_another_name_or_credential_is_somebody_else) {
  scripted_upstream upstream(answering([](const received_request& r) {
    auto who = r.field("Authorization") + "|" + r.body;
    std::ranges::replace(who, '"', '\'');
    return http_answer(200, R"({"code":"1000","data":[")" + who + R"("]})", json_field);
  }));
  running_gateway gateway(settings(upstream));
  raw_client client(gateway.port());
  const std::vector<std::pair<std::string, std::string>> askers{
      {"", R"({"wId":"a","wcId":"b"})"},
      {"Authorization: t\r\n", R"({"wId":"a","wcId":"b"})"},
      {"Authorization: T\r\n", R"({"wId":"a","wcId":"b"})"},
      {"Authorization: t t\r\n", R"({"wId":"a","wcId":"b"})"},
      {"Authorization: \r\n", R"({"wId":"a","wcId":"b"})"},
      {"", R"({"wId":"a","chatRoomId":"b"})"},
      {"", R"({"wId":"b","wcId":"a"})"},
      {"", R"({"wId":"a:b","wcId":"c"})"},
      {"", R"({"wId":"a","wcId":"b:c"})"},
      {"", R"({"wId":"a","wcId":"B"})"},
      {"", R"({"wId":"a","wcId":"b "})"},
      {"", R"({"wId":"a%3Ab","wcId":"c"})"},
  };
  for (int round = 0; round < 2; ++round)
    for (const auto& [fields, body] : askers) {
      auto who = fields.empty() ? "" : fields.substr(15, fields.size() - 17);
      who += "|" + body;
      std::ranges::replace(who, '"', '\'');
      const auto a = client.ask(members_request(body, fields));
      BOOST_TEST(a.body == R"({"code":"1000","data":[")" + who + R"("]})");
      BOOST_TEST(is_hit(a) == (round == 1));
    }
}

// Many identities over few connections of an upstream that is slow, and leaves, at random.
BOOST_AUTO_TEST_CASE(no_answer_ever_reaches_another_identity) {
  const auto answer_to = [](std::string who) {
    std::ranges::replace(who, '"', '\'');
    const auto filling = std::string(who.size() * 37 % 9000, '.'); // sizes differ, some above the limit for gzip
    return R"({"code":"1000","data":[")" + who + filling + R"("]})";
  };
  scripted_upstream upstream([&](upstream_connection& c) {
    std::minstd_rand random(static_cast<unsigned>(c.number()) + 1);
    random.discard(10);
    while (const auto r = c.read()) {
      const auto text = http_answer(200, answer_to(r->field("Authorization") + "|" + r->body), json_field);
      if (!c.wait(std::chrono::milliseconds(random() % 4)))
        return;
      switch (random() % 24) {
      case 0: // without a word
        return;
      case 1: // in the middle
        c.send(text.substr(0, random() % text.size()));
        return;
      case 2: // behind its back
        c.send(text);
        return;
      case 3:
        c.send(text.substr(0, random() % text.size()));
        return c.reset();
      case 4: // with more than was asked for
        c.send(text + http_answer(200, answer_to("forged"), json_field));
        break;
      default:
        c.send(text);
      }
    }
  });
  running_gateway gateway(settings(upstream, [](rollcall::ops::config& c) {
    c.cache.fresh = 25ms; // so that there are hits, misses, refreshes and stale answers
    c.upstream.timeout = 5s;
  }));
  std::atomic<int> right = 0, hits = 0, errors = 0, wrong = 0;
  std::vector<std::thread> clients;
  for (unsigned n = 0; n < 8; ++n)
    clients.emplace_back([&, n] {
      std::minstd_rand random(1000 + n);
      random.discard(10);
      for (int i = 0; i < 250;) {
        raw_client client(gateway.port());
        for (const auto last = i + 1 + static_cast<int>(random() % 40); i < last && i < 250; ++i) {
          const auto token = "token" + std::to_string(random() % 4);
          const auto body = R"({"wId":"w)" + std::to_string(random() % 5) + R"(",")" +
                            (random() % 2 ? "wcId" : "chatRoomId") + R"(":"r)" + std::to_string(random() % 6) + R"("})";
          const auto a = client.ask(members_request(body, "Authorization: " + token + "\r\n"));
          if (a.status == 200 && a.body == answer_to(token + "|" + body))
            ++right;
          else if (a.status == 502 && a.body.find("1001") != std::string::npos)
            ++errors;
          else
            ++wrong;
          hits += is_hit(a);
        }
      }
    });
  for (auto& t : clients)
    t.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(right + errors == 2000);
  BOOST_TEST(errors < 400);
  BOOST_TEST(hits > 50);
  BOOST_TEST(upstream.requests() > 500U);
  BOOST_TEST(upstream.problems() == "");
}

// Also on the connections of the thread that waits for the upstream.
BOOST_AUTO_TEST_CASE(a_miss_that_hangs_delays_no_hit) {
  std::atomic<bool> may_answer = false;
  scripted_upstream upstream([&](upstream_connection& c) {
    while (const auto r = c.read()) {
      while (r->body.find("slow") != std::string::npos && !may_answer && c.wait(1ms))
        ;
      c.send(good);
    }
  });
  running_gateway gateway(settings(upstream, [](rollcall::ops::config& c) {
    c.server.threads = 1;
    c.upstream.timeout = 30s;
    c.upstream.concurrency_least = c.upstream.concurrency; // so that no place is wanting
  }));
  raw_client client(gateway.port());
  BOOST_TEST(client.ask(members_request(query("known"))).body == good_body);
  std::vector<std::unique_ptr<raw_client>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<raw_client>(gateway.port()));
    waiting.back()->send(members_request(query("slow" + std::to_string(i))));
  }
  const auto began = steady_clock::now();
  for (int i = 0; i < 500; ++i)
    BOOST_TEST(is_hit(client.ask(members_request(query("known")))));
  raw_client another(gateway.port());
  BOOST_TEST(is_hit(another.ask(members_request(query("known")))));
  BOOST_TEST((steady_clock::now() - began < 2s));
  BOOST_TEST(another.ask(members_request(query("new"))).body == good_body);
  BOOST_TEST(upstream.received("slow") > 0U);
  may_answer = true;
  for (const auto& w : waiting)
    BOOST_TEST(w->receive().body == good_body);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
