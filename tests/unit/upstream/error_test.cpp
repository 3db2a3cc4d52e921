#include "rollcall/upstream/error.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace rollcall::upstream;

BOOST_AUTO_TEST_SUITE(error_suite)

BOOST_AUTO_TEST_CASE(every_failure_has_a_sentence_a_label_and_a_status_of_its_own_kind) {
  std::set<std::string_view> sentences, labels;
  for (int i = 1; i <= failure_count; ++i) {
    const auto f = static_cast<failure>(i);
    BOOST_TEST(!to_string(f).empty());
    const auto label = label_of(f);
    // It goes into Cache-Status as a token, and into metrics as a label.
    BOOST_TEST(!label.empty());
    BOOST_TEST(std::ranges::all_of(label, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }));
    BOOST_TEST((status_of(f) >= 502 && status_of(f) <= 504));
    sentences.insert(to_string(f));
    labels.insert(label);
  }
  BOOST_TEST(sentences.size() == std::size_t{failure_count});
  BOOST_TEST(labels.size() == std::size_t{failure_count});
  BOOST_TEST(to_string(static_cast<failure>(failure_count + 1)).empty());
}

BOOST_AUTO_TEST_CASE(only_time_outs_are_504) {
  BOOST_TEST(status_of(failure::connect_timed_out) == 504U);
  BOOST_TEST(status_of(failure::timed_out) == 504U);
  BOOST_TEST(status_of(failure::unreachable) == 502U);
  BOOST_TEST(status_of(failure::unanswered) == 502U);
  BOOST_TEST(status_of(failure::closed) == 502U);
  BOOST_TEST(status_of(failure::malformed) == 502U);
  BOOST_TEST(status_of(failure::too_large) == 502U);
  BOOST_TEST(status_of(failure::no_instance) == 502U);
  BOOST_TEST(status_of(failure::untrusted) == 502U);
  BOOST_TEST(status_of(failure::ejected) == 503U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
