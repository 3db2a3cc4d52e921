// Every value of an enum that is logged, counted or sent has a text of its own.

#include "rollcall/api/answer.hpp"
#include "rollcall/api/event.hpp"
#include "rollcall/api/purge_request.hpp"
#include "rollcall/api/query.hpp"
#include "rollcall/api/write_outcome.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <set>
#include <string_view>

using namespace rollcall::api;

namespace {

/// The texts of an enum's values from `first` on, up to where to_string knows no more.
template <typename Enum>
std::set<std::string_view> texts(Enum first, std::size_t count) {
  std::set<std::string_view> all;
  for (std::size_t i = 0; i < count; ++i)
    all.insert(to_string(static_cast<Enum>(static_cast<std::size_t>(first) + i)));
  BOOST_TEST(!all.contains("unknown"));
  BOOST_TEST(!all.contains(""));
  BOOST_TEST(to_string(static_cast<Enum>(static_cast<std::size_t>(first) + count)) == "unknown");
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(api_enums)

BOOST_AUTO_TEST_CASE(every_query_error_has_a_sentence_of_its_own) {
  BOOST_TEST(texts(query_error::not_json, 7).size() == 7u);
}

BOOST_AUTO_TEST_CASE(every_room_field_has_its_json_name) {
  BOOST_TEST(texts(room_field::wcId, 2).size() == 2u);
  BOOST_TEST(to_string(room_field::wcId) == "wcId");
  BOOST_TEST(to_string(room_field::chatRoomId) == "chatRoomId");
}

BOOST_AUTO_TEST_CASE(every_answer_kind_has_a_name_of_its_own) {
  BOOST_TEST(texts(answer_kind::success, 4).size() == 4u);
}

BOOST_AUTO_TEST_CASE(every_purge_error_has_a_sentence_of_its_own) {
  BOOST_TEST(texts(purge_error::not_json, 8).size() == 8u);
}

BOOST_AUTO_TEST_CASE(every_event_error_has_a_sentence_of_its_own) {
  BOOST_TEST(texts(event_error::not_json, 3).size() == 3u);
}

BOOST_AUTO_TEST_CASE(every_event_effect_has_a_name_of_its_own) {
  BOOST_TEST(texts(event_effect::none, 4).size() == 4u);
}

BOOST_AUTO_TEST_CASE(every_write_outcome_has_a_name_of_its_own) {
  // `unknown` is the name of the last one.
  BOOST_TEST(texts(write_outcome::done, 2).size() == 2u);
  BOOST_TEST(to_string(write_outcome::unknown) == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()
