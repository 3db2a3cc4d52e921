#include "upstream/counters.hpp"
#include "upstream/duration.hpp"
#include "upstream/flags.hpp"
#include "upstream/trouble.hpp"
#include "upstream/world.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace rollcall::standin;
using namespace std::chrono_literals;

const room_options few{.sizes = {room_sizes::kind::fixed, 8}};

std::set<std::string> names_in(world& where, std::string_view room) {
  std::set<std::string> names;
  for (const auto& who : where.look(room).members) {
    names.insert(who.user_name);
  }
  return names;
}

BOOST_AUTO_TEST_SUITE(worlds)

BOOST_AUTO_TEST_CASE(an_answer_is_rendered_once_a_change) {
  world where(few);
  const auto first = where.members("1@chatroom", naming::first);
  BOOST_TEST(where.members("1@chatroom", naming::first).get() == first.get());
  BOOST_TEST(*where.members("1@chatroom", naming::later) != *first);
  BOOST_TEST(where.rename("2@chatroom", "x"));
  BOOST_TEST(where.members("1@chatroom", naming::first).get() == first.get());
  BOOST_TEST(where.rename("1@chatroom", "x"));
  BOOST_TEST(where.members("1@chatroom", naming::first).get() != first.get());
}

/// Against a plain set: whatever comes and goes, the list holds exactly who should be there.
BOOST_AUTO_TEST_CASE(members_come_and_go_as_in_a_set) {
  world where(few);
  std::mt19937 dice(7);
  auto model = names_in(where, "1@chatroom");
  const auto owner = where.look("1@chatroom").owner;
  std::vector<std::string> everybody(model.begin(), model.end());
  for (int i = 0; i < 8; ++i) {
    everybody.push_back(fmt::format("wxid_{}", i));
  }
  for (int i = 0; i < 2'000; ++i) {
    const std::array one{everybody[dice() % everybody.size()]};
    if (dice() % 2 == 0) {
      BOOST_TEST_REQUIRE(where.add("w", "1@chatroom", one));
      model.insert(one.front());
    } else {
      const bool may = one.front() != owner && model.contains(one.front());
      BOOST_TEST_REQUIRE(where.remove("1@chatroom", one) == may);
      if (may) {
        model.erase(one.front());
      }
    }
    BOOST_TEST_REQUIRE((names_in(where, "1@chatroom") == model));
  }
}

BOOST_AUTO_TEST_CASE(readers_never_see_a_room_older_than_the_change_they_made) {
  world where(few);
  std::vector<std::jthread> threads;
  std::array<bool, 4> right{};
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&where, &mine = right[t], t] {
      mine = true;
      for (int i = 0; i < 100; ++i) {
        const std::array who{fmt::format("wxid_{}_{}", t, i)};
        const bool in =
            where.add("w", "1@chatroom", who) && where.members("1@chatroom", naming::first)->contains(who.front());
        const bool out = where.remove("1@chatroom", who) &&
                         !where.members("1@chatroom", naming::first)->contains("\"" + who.front() + "\"");
        mine = mine && in && out;
      }
    });
  }
  threads.clear();
  for (const bool each : right) {
    BOOST_TEST(each);
  }
}

BOOST_AUTO_TEST_CASE(oversized_texts_and_too_many_people_are_refused) {
  world where(few);
  const std::string huge(1'000, 'x');
  const std::array who{huge};
  BOOST_TEST(!where.add("w", "1@chatroom", who));
  BOOST_TEST(!where.rename("1@chatroom", huge));
  BOOST_TEST(!where.rename_self("w", "1@chatroom", huge));
  BOOST_TEST(!where.log_out(huge));
  BOOST_TEST(where.create("w", who, "").empty());
  BOOST_TEST(where.is_untouched("1@chatroom"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mishaps)

BOOST_AUTO_TEST_CASE(delays_stay_within_latency_and_jitter_and_never_go_below_zero) {
  trouble mild({.seed = 3, .latency = 150ms, .jitter = 50ms});
  auto least = 1'000'000us;
  auto most = 0us;
  for (int i = 0; i < 5'000; ++i) {
    const auto delay = mild.next().delay;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  BOOST_TEST((least >= 100ms && least < 102ms && most <= 200ms && most > 198ms));
  trouble wild({.seed = 3, .latency = 1ms, .jitter = 50ms});
  for (int i = 0; i < 1'000; ++i) {
    BOOST_TEST_REQUIRE((wild.next().delay >= 0us));
  }
}

BOOST_AUTO_TEST_CASE(no_rate_means_never_and_one_means_always) {
  trouble none({.seed = 1});
  trouble all({.seed = 1, .failure_rate = 1, .error_rate = 1});
  for (int i = 0; i < 1'000; ++i) {
    const auto fine = none.next();
    const auto broken = all.next();
    BOOST_TEST_REQUIRE((!fine.failure && !fine.http_error && broken.failure && broken.http_error));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(notation)

BOOST_AUTO_TEST_CASE(durations) {
  BOOST_TEST((parse_duration("250us") == 250us && parse_duration("150ms") == 150ms && parse_duration("2s") == 2s &&
              parse_duration("60m") == 1h && parse_duration("0") == 0us));
  for (const auto* const bad : {"", "5", "-5ms", "5 ms", "5msx", "ms", "61m", "99999999999s", "1.5s"}) {
    BOOST_TEST(!parse_duration(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(endpoints) {
  BOOST_TEST(parse_endpoint("127.0.0.1:80")->port() == 80);
  BOOST_TEST(parse_endpoint("[::1]:0")->address().is_v6());
  for (const auto* const bad : {"", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:80x", "::1:80", "host:80"}) {
    BOOST_TEST(!parse_endpoint(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(keys_beyond_the_bounds_are_counted_as_overflow) {
  counters counts;
  for (int i = 0; i < 100'010; ++i) {
    counts.count_room("", "w", std::to_string(i));
  }
  counts.count_room("", "w", std::string(5'000, 'x'));
  counts.count_room("", "w", "5");
  BOOST_TEST(counts.to_json().contains(R"("overflow":11,)"));
  counts.reset();
  BOOST_TEST(counts.to_json() ==
             R"({"total":0,"endpoints":{},"rooms":{},"overflow":0,"connections":{"accepted":0,"open":0}})");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
