// Several instances behind one gateway: who gets which call.
#include "support/counting_upstream.hpp"
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_upstream.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::counting_upstream;
using support::members_request;
using support::raw_client;
using support::running_gateway;

/// Says which of several it is.
counting_upstream::script named(std::string name) {
  return [name = std::move(name)](const support::seen_request& r) {
    if (r.target() == "/getChatRoomMember")
      return support::members_answer(r, name);
    return support::http_answer(name + "|" + r.target() + "|" + r.body);
  };
}

/// Two instances that name accounts, and two that share the rest.
struct house {
  explicit house(const std::function<void(rollcall::ops::config&)>& adjust = {}) : gateway(settings(adjust)) {}
  rollcall::ops::config settings(const std::function<void(rollcall::ops::config&)>& adjust) const {
    auto c = running_gateway::settings_for("");
    c.upstream.instances = {
        {own.url(), {"own-1", "own-2"}}, {first.url(), {}}, {prefix.url(), {"p*"}}, {second.url(), {}}};
    if (adjust)
      adjust(c);
    return c;
  }
  raw_client client() const { return raw_client(gateway.port()); }

  counting_upstream own{named("own")};
  counting_upstream prefix{named("prefix")};
  counting_upstream first{named("first")};
  counting_upstream second{named("second")};
  running_gateway gateway;
};

std::string request(std::string_view line, std::string_view body, bool chunked = false, std::size_t chunk = 7) {
  const auto head = std::string(line) + " HTTP/1.1\r\nHost: localhost\r\n";
  if (chunked)
    return head + "Transfer-Encoding: chunked\r\n\r\n" + support::in_chunks(body, chunk);
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string for_account(std::string_view w_id, std::string_view more = {}) {
  return std::string(R"({"wId":")").append(w_id).append("\"").append(more).append("}");
}

std::string room_of(std::string_view w_id) {
  return for_account(w_id, R"(,"wcId":"1@chatroom")");
}

/// Which instance answered a call of that account which is passed through.
std::string passed_to(raw_client& client, std::string_view w_id) {
  const auto a = client.ask(request("POST /sendText", for_account(w_id)));
  return a.status == 200 ? a.body.substr(0, a.body.find('|')) : std::to_string(a.status);
}

void check_no_instance(const support::raw_answer& a) {
  BOOST_TEST(a.status == 502U);
  BOOST_TEST(a.field("Cache-Status").find("detail=no-instance") != std::string::npos, a.head);
  BOOST_TEST(a.body ==
             R"({"message": "no upstream instance is configured for this wId", "code": "1001", "data": null})");
}

BOOST_AUTO_TEST_SUITE(instances_suite)

BOOST_AUTO_TEST_CASE(each_account_is_asked_for_where_it_lives) {
  const house h;
  auto client = h.client();
  for (const auto& [w_id, name] : {std::pair("own-1", "own"), {"own-2", "own"}, {"p", "prefix"}, {"p-77", "prefix"}}) {
    const auto listed = client.ask(members_request(room_of(w_id)));
    BOOST_TEST(listed.status == 200U);
    BOOST_TEST(listed.body.find(std::string("🦑") + name) != std::string::npos, listed.body);
    BOOST_TEST(passed_to(client, w_id) == name, w_id);
  }
  // All others are shared out, and a list and a write of one account go to the same.
  std::size_t to_first = 0;
  constexpr int others = 60;
  for (int i = 0; i < others; ++i) {
    const auto w_id = "shared-" + std::to_string(i);
    const auto name = passed_to(client, w_id);
    BOOST_TEST((name == "first" || name == "second"), name);
    to_first += name == "first" ? 1 : 0;
    const auto listed = client.ask(members_request(room_of(w_id)));
    BOOST_TEST(listed.body.find("🦑" + name) != std::string::npos, listed.body);
  }
  BOOST_TEST((to_first > 10 && to_first < 50), to_first);
}

// The same on another gateway, whose file has another order.
BOOST_AUTO_TEST_CASE(every_gateway_comes_to_the_same) {
  const house h;
  const running_gateway other(h.settings([](rollcall::ops::config& c) { std::ranges::reverse(c.upstream.instances); }));
  auto here = h.client();
  raw_client there(other.port());
  for (int i = 0; i < 40; ++i) {
    const auto w_id = std::to_string(i);
    BOOST_TEST(passed_to(here, w_id) == passed_to(there, w_id));
  }
}

BOOST_AUTO_TEST_CASE(what_is_read_to_find_the_account_arrives_unchanged) {
  const house h;
  const std::string long_text(50'000, 'x');
  for (const std::string& body :
       {for_account("own-1"), R"({ "x":["\"}",{"wId":"p"}],)" + std::string("\"wId\"\n:\"own-1\"} \r\n"),
        std::string(R"({"w\u0049d":"own-1"})"), R"({"content":")" + long_text + R"(","wId":"own-1"})",
        for_account("own-1", R"(,"content":")" + long_text + long_text + '"')})
    for (const bool chunked : {false, true}) {
      auto client = h.client();
      BOOST_TEST(client.ask(request("PUT /x?y=1", body, chunked)).body == "own|/x?y=1|" + body);
      BOOST_TEST(client.ask(request("PUT /x?y=1", body, chunked, 40'000)).body == "own|/x?y=1|" + body);
    }
  // The cached route, with more than a list depends on.
  auto client = h.client();
  const auto more = for_account("own-1", R"(,"wcId":"1@chatroom","more":1)");
  BOOST_TEST(client.ask(members_request(more)).status == 200U);
  BOOST_TEST(h.own.seen().back().body == more);
  for (const auto& r : h.own.seen()) {
    BOOST_TEST(r.head.find("\r\nHost: " + h.own.url().substr(7) + "\r\n") != std::string::npos);
    BOOST_TEST((r.head.find("Content-Length") == std::string::npos) ==
               (r.head.find("Transfer-Encoding: chunked") != std::string::npos));
  }
  BOOST_TEST(h.first.requests() + h.second.requests() + h.prefix.requests() == 0U);
}

// Byte by byte, with pauses at the worst places.
BOOST_AUTO_TEST_CASE(an_account_that_comes_in_pieces_is_found) {
  const house h;
  for (const bool chunked : {false, true}) {
    auto client = h.client();
    const auto text = request("POST /sendText", for_account("p\\u0031", R"(,"wcId":"x")"), chunked, 3);
    for (const char c : text) {
      client.send({&c, 1});
      std::this_thread::sleep_for(1ms);
    }
    BOOST_TEST(client.receive().body == "prefix|/sendText|" + for_account("p\\u0031", R"(,"wcId":"x")"));
  }
}

BOOST_AUTO_TEST_CASE(calls_that_name_no_account_go_to_the_first_that_takes_any) {
  const house h;
  auto client = h.client();
  for (const std::string_view body :
       {"", R"({"account":"x","password":"y"})", "wId=own-1", R"({"wId":7})", R"(["wId","own-1"])"})
    for (const bool chunked : {false, true})
      BOOST_TEST(client.ask(request("POST /member/login", body, chunked)).body ==
                 std::string("first|/member/login|").append(body));
  BOOST_TEST(client.ask("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n").body == "first|/x|");
}

BOOST_AUTO_TEST_CASE(an_account_without_an_instance_is_told_so) {
  const house h(
      [](rollcall::ops::config& c) { std::erase_if(c.upstream.instances, [](auto& i) { return i.wids.empty(); }); });
  auto client = h.client();
  check_no_instance(client.ask(members_request(room_of("nobody"))));
  check_no_instance(client.ask(request("POST /sendText", for_account("nobody"))));
  BOOST_TEST(passed_to(client, "own-1") == "own");
  // A login has to go somewhere.
  BOOST_TEST(client.ask(request("POST /member/login", "{}")).body == "own|/member/login|{}");
  BOOST_TEST(h.first.requests() + h.second.requests() == 0U);
}

// Sent to just any instance it could only be refused by one that does not know the account.
BOOST_AUTO_TEST_CASE(an_account_behind_too_much_else_is_refused_and_goes_nowhere) {
  const house h;
  const auto body = R"({"content":")" + std::string(1'000'000, 'x') + R"(","wId":"own-1"})";
  for (const bool chunked : {false, true}) {
    auto client = h.client();
    std::thread sender([&] { client.send(request("POST /sendFile", body, chunked, 1000)); });
    const auto a = client.receive();
    BOOST_TEST(a.status == 413U);
    BOOST_TEST(a.body.find("wId") != std::string::npos, a.body);
    BOOST_TEST(a.field("Connection") == "close");
    sender.join();
  }
  BOOST_TEST(h.own.requests() + h.own.cut_off() + h.first.requests() + h.first.cut_off() == 0U);
}

// Once the account is known, nothing waits for the rest.
BOOST_AUTO_TEST_CASE(a_large_body_streams_once_its_account_is_known) {
  std::atomic<bool> begun = false;
  support::scripted_upstream slow([&](support::upstream_connection& c) {
    c.read_head();
    begun = !c.read_some().empty();
    c.ignore();
  });
  const house h([&](rollcall::ops::config& c) { c.upstream.instances.push_back({slow.url(), {"slow"}}); });
  for (const bool chunked : {false, true}) {
    begun = false;
    auto client = h.client();
    const auto text = request("POST /sendFile", for_account("slow", std::string(1'000'000, ' ')), chunked, 5000);
    client.send(std::string_view(text).substr(0, 10'000));
    BOOST_TEST(support::eventually([&] { return begun.load(); }));
  }
}

BOOST_AUTO_TEST_CASE(what_is_read_to_find_the_account_counts_as_waiting) {
  const house h;
  auto client = h.client();
  auto begun = support::in_chunks(R"({"content":")" + std::string(40'000, 'x'), 1000);
  begun.resize(begun.size() - std::string_view("0\r\n\r\n").size());
  client.send("POST /sendFile HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + begun);
  const auto buffered = [&] { return support::metric(h.gateway.admin_port(), "rollcall_buffered_bytes"); };
  BOOST_TEST(support::eventually([&] { return buffered() >= 40'000; }));
  client.send(support::in_chunks(R"(","wId":"own-1"})", 1000));
  BOOST_TEST(client.receive().status == 200U);
  BOOST_TEST(support::eventually([&] { return buffered() == 0; }));
}

BOOST_AUTO_TEST_CASE(a_client_that_fails_before_its_account_is_known_reaches_nobody) {
  const house h;
  const auto head = std::string("POST /sendText HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  auto client = h.client();
  const auto a = client.ask(head + "2\r\n{\"\r\nnonsense\r\n");
  BOOST_TEST(a.status == 400U);
  BOOST_TEST(a.field("Connection") == "close");
  h.client().send(head + "2\r\n{\"\r\n"); // and leaves
  h.client().send("POST /sendText HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"wId\":\"own");
  auto last = h.client();
  BOOST_TEST(passed_to(last, "own-1") == "own");
  BOOST_TEST(h.own.requests() == 1U);
  BOOST_TEST(h.own.cut_off() + h.first.requests() + h.first.cut_off() == 0U);
}

/// An instance that can be told to fail: it then reads requests and closes.
struct failing_instance {
  std::atomic<bool> broken = true;
  std::atomic<std::size_t> asked = 0;
  support::scripted_upstream peer{[this](support::upstream_connection& c) {
    while (const auto r = c.read()) {
      ++asked;
      if (broken)
        return;
      c.send(support::members_answer({.line = r->start_line(), .head = r->head, .body = r->body}));
    }
  }};
};

void eject_after_three(rollcall::ops::config& c) {
  c.upstream.eject_after = 3;
  c.upstream.retries = 0; // a second attempt that fails would count as well
  c.upstream.eject_for = 200ms;
  c.upstream.eject_for_most = 400ms;
}

std::string numbered_room(int n) {
  return for_account("x-1", R"(,"wcId":")" + std::to_string(n) + R"(@chatroom")");
}

std::string status_of(const running_gateway& g) {
  return raw_client(g.admin_port()).ask("GET /status HTTP/1.1\r\nHost: a\r\n\r\n").body;
}

BOOST_AUTO_TEST_CASE(an_instance_that_fails_is_left_alone_and_comes_back) {
  failing_instance bad;
  const house h([&](rollcall::ops::config& c) {
    eject_after_three(c);
    c.upstream.instances.push_back({bad.peer.url(), {"x-*"}});
  });
  auto client = h.client();
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(client.ask(members_request(numbered_room(i))).status == 502U);
  BOOST_TEST(status_of(h.gateway).find(R"("state":"ejected")") != std::string::npos);
  const auto a = client.ask(members_request(numbered_room(3)));
  BOOST_TEST(a.status == 503U);
  BOOST_TEST(a.field("Retry-After") == "1");
  BOOST_TEST(a.field("Cache-Status") == "rollcall; fwd=miss; detail=ejected");
  BOOST_TEST(a.body.ends_with(R"(", "code": "1001", "data": null})"), a.body);
  BOOST_TEST(bad.asked == 3U);
  // Nobody else's trouble.
  BOOST_TEST(client.ask(members_request(room_of("own-1"))).status == 200U);
  BOOST_TEST(support::metric(h.gateway.admin_port(), "rollcall_upstream_ejected") == 1.0);

  // It is tried now and then, and no more than that.
  std::this_thread::sleep_for(1s);
  for (int i = 10; i < 60; ++i)
    client.ask(members_request(numbered_room(i)));
  BOOST_TEST((bad.asked >= 4U && bad.asked <= 5U), bad.asked.load());
  bad.broken = false;
  int n = 100;
  BOOST_TEST(support::eventually([&] { return client.ask(members_request(numbered_room(++n))).status == 200; }, 2s));
  for (int i = 200; i < 210; ++i)
    BOOST_TEST(client.ask(members_request(numbered_room(i))).status == 200U);
  BOOST_TEST(status_of(h.gateway).find(R"("state":"ejected")") == std::string::npos);
  BOOST_TEST(support::metric(h.gateway.admin_port(), "rollcall_upstream_ejected") == 0.0);
  BOOST_TEST(support::metric(h.gateway.admin_port(), "rollcall_upstream_ejections_total") == 1.0);
}

BOOST_AUTO_TEST_CASE(while_it_is_ejected_what_is_known_is_served_stale_at_once) {
  failing_instance slow; // which hangs, while it is broken
  support::scripted_upstream hangs([&](support::upstream_connection& c) {
    while (const auto r = c.read()) {
      if (slow.broken)
        return c.ignore();
      c.send(support::members_answer({.line = r->start_line(), .head = r->head, .body = r->body}));
    }
  });
  const house h([&](rollcall::ops::config& c) {
    eject_after_three(c);
    c.upstream.timeout = 300ms;
    c.upstream.eject_for = c.upstream.eject_for_most = 10s;
    c.cache.fresh = 1ms;
    c.cache.stale_while_revalidate = 0ms;
    c.cache.failure = 0ms;
    c.upstream.instances.push_back({hangs.url(), {"x-*"}});
  });
  auto client = h.client();
  slow.broken = false;
  BOOST_TEST(client.ask(members_request(numbered_room(0))).status == 200U);
  slow.broken = true;
  for (int i = 1; i <= 3; ++i)
    BOOST_TEST(client.ask(members_request(numbered_room(i))).status == 504U);
  const auto began = std::chrono::steady_clock::now();
  const auto a = client.ask(members_request(numbered_room(0)));
  BOOST_TEST(a.status == 200U);
  BOOST_TEST(a.field("Cache-Status").find("fwd=stale") != std::string::npos, a.head);
  BOOST_TEST(a.field("Cache-Status").find("detail=ejected") != std::string::npos, a.head);
  BOOST_TEST(client.ask(members_request(numbered_room(4))).status == 503U);
  BOOST_TEST((std::chrono::steady_clock::now() - began < 250ms));
}

// Nobody else has the account, and its first success is the first sign that the instance is back.
BOOST_AUTO_TEST_CASE(what_is_passed_through_is_tried_all_the_same_and_readmits) {
  failing_instance bad;
  const house h([&](rollcall::ops::config& c) {
    eject_after_three(c);
    c.upstream.eject_for = c.upstream.eject_for_most = 1h;
    c.upstream.instances.push_back({bad.peer.url(), {"x-*"}});
  });
  auto client = h.client();
  for (std::size_t i = 1; i <= 6; ++i) {
    BOOST_TEST(passed_to(client, "x-1") == "502");
    BOOST_TEST(bad.asked == i);
  }
  BOOST_TEST(client.ask(members_request(numbered_room(0))).status == 503U);
  bad.broken = false;
  BOOST_TEST(client.ask(request("POST /sendText", for_account("x-1"))).status == 200U);
  BOOST_TEST(client.ask(members_request(numbered_room(0))).status == 200U);
  BOOST_TEST(bad.asked == 8U);
}

BOOST_AUTO_TEST_CASE(a_probe_readmits_an_ejected_instance_without_a_bot) {
  failing_instance bad;
  const house h([&](rollcall::ops::config& c) {
    eject_after_three(c);
    c.upstream.eject_for = c.upstream.eject_for_most = 1h;
    c.upstream.probe = "/health?x";
    c.upstream.probe_interval = 20ms;
    c.upstream.instances.push_back({bad.peer.url(), {"x-*"}});
  });
  auto client = h.client();
  std::this_thread::sleep_for(100ms);
  BOOST_TEST(bad.asked == 0U); // all is well: it is left in peace
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(client.ask(members_request(numbered_room(i))).status == 502U);
  BOOST_TEST(support::eventually([&] { return bad.asked > 5; }));
  BOOST_TEST(bad.peer.received("GET /health?x HTTP/1.1\r\nHost: " + bad.peer.authority() + "\r\n\r\n") > 0U);
  BOOST_TEST(client.ask(members_request(numbered_room(4))).status == 503U);
  bad.broken = false;
  BOOST_TEST(
      support::eventually([&] { return support::metric(h.gateway.admin_port(), "rollcall_upstream_ejected") == 0.0; }));
  const auto asked = bad.asked.load();
  BOOST_TEST(client.ask(members_request(numbered_room(5))).status == 200U);
  std::this_thread::sleep_for(100ms);
  BOOST_TEST(bad.asked == asked + 1);
  BOOST_TEST(h.own.requests() + h.first.requests() + h.prefix.requests() + h.second.requests() == 0U);
}

// An account stays where it lives, but a login may go elsewhere.
BOOST_AUTO_TEST_CASE(calls_that_name_no_account_pass_an_ejected_instance_by) {
  failing_instance bad;
  failing_instance worse;
  const house h([&](rollcall::ops::config& c) {
    eject_after_three(c);
    c.upstream.eject_for = c.upstream.eject_for_most = 1h;
    c.upstream.instances = {{bad.peer.url(), {}}, {worse.peer.url(), {}}};
  });
  auto client = h.client();
  const auto login = [&] { return client.ask(request("POST /member/login", "{}")).status; };
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(login() == 502U);
  BOOST_TEST(bad.asked == 3U);
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(login() == 502U);
  BOOST_TEST(worse.asked == 3U);
  // With none left, the first is tried.
  bad.broken = false;
  BOOST_TEST(login() == 200U);
  BOOST_TEST(bad.asked == 4U);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_does_not_speak_against_the_instance) {
  const house h(eject_after_three);
  for (int i = 0; i < 10; ++i) {
    auto client = h.client();
    client.send("POST /sendText HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + for_account("own-1"));
    const auto begun = static_cast<std::size_t>(i) + 1;
    BOOST_TEST(h.own.wait_until([&](const auto&) {
      return support::metric(h.gateway.admin_port(), "rollcall_upstream_connects_total") == static_cast<double>(begun);
    }));
  }
  BOOST_TEST(h.own.wait_until([](const auto& u) { return u.cut_off() == 10; }));
  BOOST_TEST(status_of(h.gateway).find("ejections\":1") == std::string::npos);
  auto client = h.client();
  BOOST_TEST(client.ask(members_request(room_of("own-1"))).status == 200U);
}

BOOST_AUTO_TEST_CASE(status_and_metrics_tell_the_instances_apart) {
  const house h;
  auto client = h.client();
  BOOST_TEST(passed_to(client, "own-1") == "own");
  raw_client admin(h.gateway.admin_port());
  const auto status = admin.ask("GET /status HTTP/1.1\r\nHost: a\r\n\r\n").body;
  const auto metrics = admin.ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").body;
  for (const auto* each : {&h.own, &h.first, &h.prefix, &h.second}) {
    BOOST_TEST(status.find("\"instance\":\"" + each->url() + "\"") != std::string::npos, status);
    const auto line = "rollcall_upstream_connects_total{instance=\"" + each->url() + "\"} ";
    BOOST_TEST(metrics.find(line + (each == &h.own ? "1\n" : "0\n")) != std::string::npos, metrics);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
