#include "rollcall/upstream/routing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using rollcall::upstream::routing;
using seats = std::vector<routing::seat>;

/// The name of an account's home, or "".
std::string home(const seats& all, std::string_view w_id) {
  const auto at = routing::make(all).value().home_of(w_id);
  return at ? all[*at].name : std::string();
}

std::vector<std::string> accounts(std::size_t n) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < n; ++i)
    all.push_back("0000016e-6343-089e-0001-" + std::to_string(100'000'000'000 + i));
  return all;
}

std::vector<std::string> anybody(const seats& all) {
  const auto r = routing::make(all).value();
  std::vector<std::string> names;
  for (const auto i : r.for_anybody())
    names.push_back(all[i].name);
  return names;
}

BOOST_AUTO_TEST_SUITE(routing_suite)

BOOST_AUTO_TEST_CASE(the_whole_name_counts_before_the_longest_beginning) {
  const seats all{{"short", {"a*"}}, {"long", {"abc*", "x*"}}, {"whole", {"abcd", "a"}}, {"others", {}}};
  for (const auto& [w_id, name] : std::map<std::string, std::string>{{"abcd", "whole"},
                                                                     {"a", "whole"},
                                                                     {"abcde", "long"},
                                                                     {"abc", "long"},
                                                                     {"ab", "short"},
                                                                     {"a*", "short"},
                                                                     {"x", "long"},
                                                                     {"A", "others"},
                                                                     {"b", "others"},
                                                                     {"", "others"}})
    BOOST_TEST(home(all, w_id) == name, w_id);
}

BOOST_AUTO_TEST_CASE(a_star_alone_takes_everything_else) {
  const seats all{{"first", {"1"}}, {"rest", {"*"}}};
  BOOST_TEST(home(all, "1") == "first");
  BOOST_TEST(home(all, "2") == "rest");
  BOOST_TEST(home(all, "") == "rest");
}

BOOST_AUTO_TEST_CASE(an_account_that_nobody_takes_has_no_home) {
  const seats all{{"a", {"1", "2*"}}, {"b", {"3"}}};
  BOOST_TEST(home(all, "4") == "");
  BOOST_TEST(home(all, "11") == "");
  BOOST_TEST(home(all, "2") == "a");
}

BOOST_AUTO_TEST_CASE(what_two_instances_claim_is_refused_and_both_are_named) {
  for (const std::string pattern : {"abc", "ab*", "*"}) {
    const auto r = routing::make(seats{{"http://a", {"x", pattern}}, {"http://b", {pattern}}});
    BOOST_REQUIRE(!r.has_value());
    for (const std::string& part : {std::string("http://a"), std::string("http://b"), '"' + pattern + '"'})
      BOOST_TEST(r.error().find(part) != std::string::npos, r.error());
  }
  // Not the same: one is the beginning of the other, or a whole name.
  BOOST_TEST(routing::make(seats{{"a", {"ab*", "abc"}}, {"b", {"abc*", "ab"}}}).has_value());
}

BOOST_AUTO_TEST_CASE(a_star_stands_at_the_end_or_nowhere) {
  for (const std::string pattern : {"a*b", "*a", "**", "a**"}) {
    const auto r = routing::make(seats{{"http://a", {pattern}}});
    BOOST_REQUIRE(!r.has_value());
    BOOST_TEST(r.error().find('"' + pattern + "\" of http://a") != std::string::npos, r.error());
  }
}

// Written down once and for all: a gateway of another version, or on another machine, must come to the same.
BOOST_AUTO_TEST_CASE(homes_are_the_same_everywhere_and_for_ever) {
  const seats all{{"http://10.0.0.1:18081", {}}, {"http://10.0.0.2:18081", {}}, {"http://10.0.0.3:18081", {}}};
  std::string places;
  for (const auto& w_id : accounts(24))
    places += home(all, w_id)[14];
  BOOST_TEST(places == "322123223213221122212312");
  auto turned = all;
  std::ranges::reverse(turned);
  for (const auto& w_id : accounts(1000))
    BOOST_TEST(home(all, w_id) == home(turned, w_id));
}

BOOST_AUTO_TEST_CASE(accounts_are_shared_out_evenly) {
  const seats all{{"http://a", {}}, {"http://b", {}}, {"http://c", {}}, {"http://d", {}}, {"http://own", {"x*"}}};
  const auto r = routing::make(all).value();
  std::vector<std::size_t> count(all.size());
  for (const auto& w_id : accounts(40'000))
    ++count[r.home_of(w_id).value()];
  for (std::size_t i = 0; i < 4; ++i) // the standard deviation is 87
    BOOST_TEST((count[i] > 9500 && count[i] < 10'500), count[i]);
  BOOST_TEST(count[4] == 0U);
}

BOOST_AUTO_TEST_CASE(one_more_instance_moves_its_share_and_nothing_else) {
  seats all{{"http://a", {}}, {"http://b", {}}, {"http://c", {}}};
  const auto before = routing::make(all).value();
  all.insert(all.begin() + 1, {"http://new", {}});
  const auto after = routing::make(all).value();
  constexpr std::size_t new_one = 1;
  std::size_t moved = 0;
  for (const auto& w_id : accounts(20'000)) {
    const auto was = before.home_of(w_id).value();
    const auto is = after.home_of(w_id).value();
    if (is == new_one)
      ++moved;
    else
      BOOST_TEST(is == was + (was >= new_one ? 1 : 0));
  }
  BOOST_TEST((moved > 4700 && moved < 5300), moved);
}

BOOST_AUTO_TEST_CASE(calls_for_no_account_go_to_those_that_name_none) {
  BOOST_TEST(anybody({{"a", {"1"}}, {"b", {}}, {"c", {}}}) == (std::vector<std::string>{"b", "c"}),
             boost::test_tools::per_element());
  BOOST_TEST(anybody({{"a", {"1"}}, {"b", {"2"}}}) == (std::vector<std::string>{"a", "b"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nobody_looks_for_the_account_when_there_is_one_instance) {
  BOOST_TEST(routing::make(seats{{"a", {}}}).value().is_single());
  BOOST_TEST(!routing::make(seats{{"a", {"1"}}}).value().is_single());
  BOOST_TEST(!routing::make(seats{{"a", {}}, {"b", {}}}).value().is_single());
  BOOST_TEST(!routing::make(seats{{"a", {}}, {"b", {"1"}}}).value().is_single());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
