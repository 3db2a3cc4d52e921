#include "rollcall/gateway/cache_status.hpp"
#include "rollcall/upstream/error.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <limits>
#include <string>
#include <string_view>

namespace {

using namespace rollcall::gateway;
using namespace std::chrono_literals;
namespace cache = rollcall::cache;
namespace upstream = rollcall::upstream;

constexpr cache::time_point noon{std::chrono::sys_days{std::chrono::January / 1 / 2025} + 12h};

cache::entry entry_of(cache::time_point fetched, cache::time_point fresh_until) {
  cache::entry e;
  e.fetched_at = fetched;
  e.fresh_until = fresh_until;
  e.serve_until = fresh_until + 1h;
  return e;
}

BOOST_AUTO_TEST_SUITE(cache_status_suite)

BOOST_AUTO_TEST_CASE(a_hit_tells_its_age_what_is_left_and_where_it_came_from) {
  struct {
    cache::milliseconds age;
    cache::milliseconds left;
    std::string_view text;
  } const cases[] = {
      {0ms, 60s, "Age: 0\r\nCache-Status: rollcall; hit; ttl=60; detail=memory\r\n"},
      {999ms, 59'001ms, "Age: 0\r\nCache-Status: rollcall; hit; ttl=59; detail=memory\r\n"},
      {3s, 57s, "Age: 3\r\nCache-Status: rollcall; hit; ttl=57; detail=memory\r\n"},
      {60s, 0ms, "Age: 60\r\nCache-Status: rollcall; hit; ttl=0; detail=memory\r\n"},
      // RFC 9211 section 2.4: negative once it is stale, and half a second over is over.
      {60'500ms, -500ms, "Age: 60\r\nCache-Status: rollcall; hit; ttl=-1; detail=memory\r\n"},
      {360s, -300s, "Age: 360\r\nCache-Status: rollcall; hit; ttl=-300; detail=memory\r\n"},
      // This clock was set back, or the one of the gateway that stored it runs ahead.
      {-4s, 64s, "Age: 0\r\nCache-Status: rollcall; hit; ttl=64; detail=memory\r\n"},
      {-1ms, 1s, "Age: 0\r\nCache-Status: rollcall; hit; ttl=1; detail=memory\r\n"},
  };
  for (const auto& c : cases) {
    const auto e = entry_of(noon - c.age, noon + c.left);
    BOOST_TEST(hit_fields(e, noon, "memory").text() == c.text);
  }
  const auto e = entry_of(noon, noon + 1s);
  BOOST_TEST(hit_fields(e, noon, "redis").text() == "Age: 0\r\nCache-Status: rollcall; hit; ttl=1; detail=redis\r\n");
}

BOOST_AUTO_TEST_CASE(what_answers_share_follows_however_long_the_rest) {
  constexpr cache::milliseconds ages(1LL << 62);
  const auto e = entry_of(cache::time_point(-ages), cache::time_point(ages));
  for (const auto* type : {"application/json;charset=UTF-8", "application/json"}) {
    const auto v = cache::variant::make(type, "", "{}");
    auto fields = hit_fields(e, noon, std::string(100, 'd'));
    const std::string before(fields.text());
    fields.add_shared(*v);
    BOOST_TEST(fields.text() == before + std::string(v->shared_fields()));
  }
}

BOOST_AUTO_TEST_CASE(a_remembered_failure_tells_its_age_and_that_it_is_one) {
  struct {
    cache::milliseconds age;
    std::string_view text;
  } const cases[] = {
      {0ms, "Age: 0\r\nCache-Status: rollcall; hit; detail=failure\r\n"},
      {2'999ms, "Age: 2\r\nCache-Status: rollcall; hit; detail=failure\r\n"},
      {1h, "Age: 3600\r\nCache-Status: rollcall; hit; detail=failure\r\n"},
      {-4s, "Age: 0\r\nCache-Status: rollcall; hit; detail=failure\r\n"},
  };
  for (const auto& c : cases)
    BOOST_TEST(remembered_fields(noon - c.age, noon).text() == c.text);
}

BOOST_AUTO_TEST_CASE(a_forwarded_request_tells_why_and_what_came_of_it) {
  using enum forward_reason;
  const auto e = entry_of(noon - 90s, noon - 30'001ms);
  struct {
    forward_report report;
    std::string_view text;
  } const cases[] = {
      {{.reason = miss, .status = 200, .stored = true}, "Cache-Status: rollcall; fwd=miss; fwd-status=200; stored\r\n"},
      {{.reason = stale, .status = 200, .stored = true},
       "Cache-Status: rollcall; fwd=stale; fwd-status=200; stored\r\n"},
      {{.reason = miss, .status = 200, .stored = true, .collapsed = true},
       "Cache-Status: rollcall; fwd=miss; fwd-status=200; stored; collapsed\r\n"},
      {{.reason = request, .status = 200, .stored = true},
       "Cache-Status: rollcall; fwd=request; fwd-status=200; stored\r\n"},
      {{.reason = none, .detail = "only-if-cached"}, "Cache-Status: rollcall; detail=only-if-cached\r\n"},
      {{.reason = miss, .status = 404}, "Cache-Status: rollcall; fwd=miss; fwd-status=404\r\n"},
      {{.reason = bypass, .status = 204}, "Cache-Status: rollcall; fwd=bypass; fwd-status=204\r\n"},
      {{.reason = bypass, .detail = "timed-out"}, "Cache-Status: rollcall; fwd=bypass; detail=timed-out\r\n"},
      {{.reason = stale, .detail = "closed", .served = &e},
       "Age: 90\r\nCache-Status: rollcall; fwd=stale; ttl=-31; detail=closed\r\n"},
      {{.reason = stale, .status = 500, .detail = "http-error", .served = &e},
       "Age: 90\r\nCache-Status: rollcall; fwd=stale; fwd-status=500; ttl=-31; detail=http-error\r\n"},
  };
  for (const auto& c : cases)
    BOOST_TEST(c.report.fields(noon).text() == c.text);
}

BOOST_AUTO_TEST_CASE(every_reason_has_a_word) {
  BOOST_TEST(to_string(forward_reason::none) == "none");
  BOOST_TEST(to_string(forward_reason::request) == "request");
  BOOST_TEST(to_string(forward_reason::miss) == "miss");
  BOOST_TEST(to_string(forward_reason::stale) == "stale");
  BOOST_TEST(to_string(forward_reason::bypass) == "bypass");
}

// The lines have a fixed place: whatever the numbers and the words, they end where they should.
BOOST_AUTO_TEST_CASE(the_longest_lines_are_whole) {
  const auto whole = [](const field_lines& lines) {
    const auto text = lines.text();
    BOOST_TEST(text.ends_with("\r\n"));
    BOOST_TEST(text.find("Cache-Status: rollcall; ") != std::string_view::npos);
    BOOST_TEST(text.find("Age: -") == std::string_view::npos);
    return std::string(text);
  };
  const cache::time_point first{cache::milliseconds(0)};
  const cache::time_point last = cache::time_point::max();
  for (const auto fetched : {first, noon, last})
    for (const auto fresh_until : {first, noon, last})
      for (const auto now : {first, noon, last}) {
        cache::entry e;
        e.fetched_at = fetched;
        e.fresh_until = fresh_until;
        whole(hit_fields(e, now, "memory"));
        whole(remembered_fields(fetched, now));
        for (int i = 1; i <= upstream::failure_count; ++i) {
          const auto word = label_of(static_cast<upstream::failure>(i));
          forward_report r{.reason = forward_reason::bypass,
                           .status = std::numeric_limits<unsigned>::max(),
                           .stored = true,
                           .collapsed = true,
                           .detail = word,
                           .served = &e};
          BOOST_TEST(whole(r.fields(now)).ends_with("; detail=" + std::string(word) + "\r\n"));
        }
      }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
