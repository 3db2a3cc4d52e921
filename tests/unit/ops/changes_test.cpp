#include "rollcall/ops/config.hpp"

#include "../../../src/ops/rules.hpp"
#include "scratch_file.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace rollcall::ops;
using namespace std::chrono_literals;
using keys = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(changes)

BOOST_AUTO_TEST_CASE(what_is_the_same_is_no_change) {
  config running;
  const auto changed = take_over(running, config{});
  BOOST_TEST(changed.live.empty());
  BOOST_TEST(changed.at_start.empty());
}

BOOST_AUTO_TEST_CASE(what_may_change_is_taken_over_and_what_may_not_is_named) {
  config running;
  auto wanted = running;
  wanted.server.listen.port = 1;
  wanted.server.max_connections = 7;
  wanted.cache.fresh = 1s;
  wanted.cache.memory = 0;
  wanted.redis.name_space = "other";
  wanted.upstream.instances.front().url = "http://127.0.0.1:2";
  wanted.log.access = true;
  const auto changed = take_over(running, wanted);
  BOOST_TEST(changed.live == (keys{"server.max_connections", "cache.fresh", "log.access"}),
             boost::test_tools::per_element());
  BOOST_TEST(changed.at_start == (keys{"server.listen", "cache.memory", "redis.namespace", "upstream.instance"}),
             boost::test_tools::per_element());
  BOOST_TEST(running.server.max_connections == 7U);
  BOOST_TEST((running.cache.fresh == 1s));
  BOOST_TEST(running.log.access);
  BOOST_TEST(running.server.listen.port == 8080U);
  BOOST_TEST(running.cache.memory > 0U);
  BOOST_TEST(running.redis.name_space == "rollcall");
  BOOST_TEST(running.upstream.instances.front().url == "http://127.0.0.1:18081");
  // Asked again, only what could not be taken over is left.
  const auto left = take_over(running, wanted);
  BOOST_TEST(left.live.empty());
  BOOST_TEST(left.at_start == changed.at_start, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(flags_win_over_the_file_again) {
  const scratch_file file("[server]\nhead_timeout = \"1s\"\n[log]\nlevel = \"warn\"\n");
  const auto path = file.path();
  const std::vector<const char*> arguments{"rollcall", "--config", path.c_str(), "--log-level", "debug"};
  const auto c = read_again(static_cast<int>(arguments.size()), arguments.data());
  BOOST_TEST((c.server.head_timeout == 1s));
  BOOST_TEST(c.log.level == "debug");
}

BOOST_AUTO_TEST_CASE(a_mistake_is_thrown_with_its_place) {
  const scratch_file file("[server]\nhead_timeout = \"x\"\n");
  const auto path = file.path();
  const std::vector<const char*> arguments{"rollcall", "--config", path.c_str()};
  BOOST_CHECK_EXCEPTION(
      read_again(static_cast<int>(arguments.size()), arguments.data()), config_error,
      [&](const auto& e) { return std::string(e.what()).starts_with(path + ":2: server.head_timeout: "); });
}

BOOST_AUTO_TEST_SUITE_END()
