// What an event asks for, and when two callbacks tell of one event.

#include "rollcall/api/event.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>

using namespace rollcall::api;

namespace {

std::string_view effect(std::string w_id, std::optional<std::string> room, std::string type,
                        std::optional<std::uint64_t> count = {}) {
  return to_string(effect_of({std::move(w_id), std::move(room), std::move(type), "1", count}));
}

} // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(somebody_joining_drops_the_room) {
  for (const auto* type : {"85008", "85009"}) {
    BOOST_TEST(effect("w", "1@chatroom", type) == "drop_room");
    BOOST_TEST(effect("w", "1@chatroom", type, 5) == "drop_room");
    BOOST_TEST(effect("", "1@chatroom", type, 5) == "none");
    BOOST_TEST(effect("w", {}, type, 5) == "none");
  }
}

BOOST_AUTO_TEST_CASE(going_offline_drops_the_account) {
  BOOST_TEST(effect("w", {}, "4") == "drop_account");
  BOOST_TEST(effect("w", "1@chatroom", "4", 5) == "drop_account");
  BOOST_TEST(effect("", "1@chatroom", "4", 5) == "none");
}

BOOST_AUTO_TEST_CASE(any_other_event_may_tell_a_count) {
  for (const auto* type : {"9", "10", "14", "80001", "80018", "85007", "85010", "04", "x"}) {
    BOOST_TEST(effect("w", "1@chatroom", type, 5) == "compare_count");
    BOOST_TEST(effect("", "1@chatroom", type, 5) == "compare_count");
    BOOST_TEST(effect("w", "1@chatroom", type) == "none");
    BOOST_TEST(effect("w", {}, type, 5) == "none");
  }
}

BOOST_AUTO_TEST_CASE(a_repeated_callback_has_the_same_key_and_no_other_has) {
  const auto key = [](std::string w_id, std::string type, std::string id) {
    return repeat_key({std::move(w_id), {}, std::move(type), std::move(id), {}});
  };
  BOOST_TEST(key("w", "9", "1") == repeat_key({"w", "1@chatroom", "9", "1", 7}));
  const std::set<std::string> distinct{
      key("w", "9", "1"), key("v", "9", "1"), key("w", "8", "1"),  key("w", "9", "2"),  key("w9", "", "1"),
      key("w", "", "91"), key("", "w9", "1"), key("w", "91", "2"), key("w", "9", "12"), key("w1:", "9", "1")};
  BOOST_TEST(distinct.size() == 10u);
}

BOOST_AUTO_TEST_CASE(an_event_without_a_message_id_has_no_key) {
  BOOST_TEST(repeat_key({"w", "1@chatroom", "4", "", {}}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
