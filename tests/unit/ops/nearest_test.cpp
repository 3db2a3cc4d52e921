#include "../../../src/ops/nearest.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <random>
#include <string>

using namespace rollcall::ops;

BOOST_AUTO_TEST_SUITE(nearest_word)

BOOST_AUTO_TEST_CASE(a_slip_of_the_finger_counts_one) {
  BOOST_CHECK_EQUAL(edit_distance("timeout", "timeout"), 0U);
  BOOST_CHECK_EQUAL(edit_distance("timeot", "timeout"), 1U);
  BOOST_CHECK_EQUAL(edit_distance("timeoutt", "timeout"), 1U);
  BOOST_CHECK_EQUAL(edit_distance("timeaut", "timeout"), 1U);
  BOOST_CHECK_EQUAL(edit_distance("tiemout", "timeout"), 1U);
  BOOST_CHECK_EQUAL(edit_distance("", "fresh"), 5U);
  BOOST_CHECK_EQUAL(edit_distance("fresh", ""), 5U);
}

BOOST_AUTO_TEST_CASE(distance_is_symmetric_and_never_more_than_the_longer_word) {
  std::mt19937 random{42};
  const auto word = [&] {
    std::string out(random() % 9, '\0');
    for (auto& c : out)
      c = static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int i = 0; i < 5'000; ++i) {
    const auto a = word();
    const auto b = word();
    const auto distance = edit_distance(a, b);
    BOOST_CHECK_EQUAL(distance, edit_distance(b, a));
    BOOST_CHECK_LE(distance, std::max(a.size(), b.size()));
    BOOST_CHECK_EQUAL(distance == 0, a == b);
  }
}

BOOST_AUTO_TEST_CASE(the_nearest_word_is_suggested_and_a_stranger_is_not) {
  constexpr std::array<std::string_view, 4> words{"listen", "threads", "idle_timeout", "head_timeout"};
  BOOST_CHECK_EQUAL(nearest("lisen", words), "listen");
  BOOST_CHECK_EQUAL(nearest("thraeds", words), "threads");
  BOOST_CHECK_EQUAL(nearest("idletimeout", words), "idle_timeout");
  BOOST_CHECK_EQUAL(nearest("head-timeout", words), "head_timeout");
  BOOST_CHECK_EQUAL(nearest("colour", words), "");
  BOOST_CHECK_EQUAL(nearest("x", words), "");
  BOOST_CHECK_EQUAL(nearest("", words), "");
  BOOST_CHECK_EQUAL(nearest(std::string(1'000'000, 'a'), words), "");
}

BOOST_AUTO_TEST_SUITE_END()
