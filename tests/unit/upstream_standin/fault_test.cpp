#include "upstream/fault.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <set>
#include <string>

namespace {

using namespace rollcall::standin;
using namespace std::chrono_literals;

std::optional<fault> read(const std::string& body) {
  request asked;
  asked.target("/__fault");
  asked.body() = body;
  return parse_fault(call(asked));
}

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(every_kind_has_a_word_of_its_own_that_is_read_again) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    const auto kind = static_cast<fault_kind>(i);
    const std::string word(to_string(kind));
    BOOST_TEST(!word.empty());
    words.insert(to_string(kind));
    const auto delay = kind == fault_kind::slow ? R"(,"delay":"2s")" : "";
    const auto found = read(R"({"mode":")" + word + '"' + delay + '}');
    BOOST_REQUIRE_MESSAGE(found.has_value(), word);
    BOOST_TEST((found->kind == kind));
  }
  BOOST_TEST(words.size() == fault_kinds);
  BOOST_TEST(to_string(static_cast<fault_kind>(fault_kinds)).empty()); // there is none beyond
}

BOOST_AUTO_TEST_CASE(only_the_slow_one_takes_a_delay) {
  BOOST_TEST((read(R"({"mode":"slow","delay":"2s"})")->delay == 2s));
  for (const auto* const body :
       {R"({"mode":"slow"})", R"({"mode":"slow","delay":"2"})", R"({"mode":"hang","delay":"2s"})", R"({"mode":"Hang"})",
        R"({"mode":1})", "{}", "[]", ""}) {
    BOOST_TEST(!read(body).has_value(), body);
  }
}

BOOST_AUTO_TEST_CASE(a_switch_keeps_what_it_was_told_last) {
  fault_switch now;
  BOOST_TEST((now.now().kind == fault_kind::none));
  now.set({fault_kind::slow, 5ms});
  BOOST_TEST((now.now().kind == fault_kind::slow));
  BOOST_TEST((now.now().delay == 5ms));
  now.set({});
  BOOST_TEST((now.now().delay == 0us));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
