#include "../../../src/redis/kept_command.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

using rollcall::redis::kept_command;

BOOST_AUTO_TEST_SUITE(redis_kept_command)

BOOST_AUTO_TEST_CASE(a_command_outlasts_what_it_was_made_of) {
  std::vector<std::string> made{"EVALSHA", "", std::string("a\0b", 3), "{x}", std::string(100'000, 'v'), ""};
  const auto expected = made;
  std::vector<std::string_view> views(made.begin(), made.end());
  const kept_command kept(views);
  views.clear();
  for (auto& text : made) {
    text.assign(text.size(), '-');
  }
  const auto args = kept.args();
  BOOST_TEST_REQUIRE(args.size() == expected.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    BOOST_TEST(args[i] == expected[i]);
  }
}

BOOST_AUTO_TEST_CASE(its_views_follow_it_when_it_moves) {
  const std::string_view words[] = {"GET", "k"};
  auto first = std::make_unique<kept_command>(words);
  const kept_command second(std::move(*first));
  first.reset();
  BOOST_TEST(second.args()[0] == "GET");
  BOOST_TEST(second.args()[1] == "k");
}

BOOST_AUTO_TEST_SUITE_END()
