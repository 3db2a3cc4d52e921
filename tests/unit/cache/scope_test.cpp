#include "rollcall/cache/scope.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace rollcall::cache;

/// Names that run into each other where a text is joined without escaping, or escaped twice.
const std::vector<std::string> odd_names = {"a",   "b",   "a:b", "a%3Ab", "a%253Ab", "%",    "{a}",
                                            "a b", "%00", "w",   "w:a",   "p:a:b",   "\xff", std::string(1, '\0')};

BOOST_AUTO_TEST_SUITE(scope_suite)

BOOST_AUTO_TEST_CASE(text_tells_the_kind_and_escapes_the_parts) {
  BOOST_TEST(scope::account("w-1").text() == "w:w-1");
  BOOST_TEST(scope::room("1@chatroom").text() == "r:1@chatroom");
  BOOST_TEST(scope::of("w-1", "1@chatroom").text() == "p:w-1:1@chatroom");
  BOOST_TEST(scope::of("a:{b}", "50%").text() == "p:a%3A%7Bb%7D:50%25");
}

BOOST_AUTO_TEST_CASE(texts_read_back_and_never_mean_two_scopes) {
  std::vector<scope> all;
  for (const auto& name : odd_names) {
    all.push_back(scope::account(name));
    all.push_back(scope::room(name));
    for (const auto& other : odd_names)
      all.push_back(scope::of(name, other));
  }
  for (const auto& s : all) {
    const auto read = scope::from_text(s.text());
    BOOST_REQUIRE(read);
    BOOST_TEST((*read == s));
    for (const auto& other : all)
      BOOST_REQUIRE((s == other) == (s.text() == other.text()));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_scopes_text_is_refused) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv,
                          "w"sv,
                          "w:"sv,
                          "r:"sv,
                          "p:"sv,
                          "p::"sv,
                          "p:a"sv,
                          "p:a:"sv,
                          "p::a"sv,
                          "p:a:b:c"sv,
                          "x:a"sv,
                          ":a"sv,
                          "wa"sv,
                          "W:a"sv,
                          "w:a:b"sv,
                          "r:a:b"sv,
                          "w:%"sv,
                          "w:%3"sv,
                          "w:%3a"sv /* lower case */,
                          "w:%41"sv /* needless */,
                          "w:%G0"sv,
                          "w:{a}"sv,
                          "w:a b"sv,
                          "w:\0"sv,
                          "r:%C3\xA4"sv,
                          " w:a"sv,
                          "w:a "sv})
    BOOST_TEST(!scope::from_text(text), "\"" << text << '"');
}

BOOST_AUTO_TEST_CASE(covers_the_account_the_room_or_both_whatever_credential_and_field) {
  for (const auto& account : odd_names)
    for (const auto& room : odd_names)
      for (const auto& w_id : odd_names)
        for (const std::string_view field : {"wcId", "chatRoomId"}) {
          const identity id(field == "wcId" ? no_credential : "0123456789abcdef", field, w_id, "r");
          BOOST_REQUIRE(scope::account(account).covers(id) == (account == w_id));
          BOOST_REQUIRE(scope::of(account, "r").covers(id) == (account == w_id));
          BOOST_REQUIRE(!scope::of(account, "s").covers(id));
          BOOST_REQUIRE(scope::room("r").covers(id));
          const identity other(no_credential, field, "w", room);
          BOOST_REQUIRE(scope::room(w_id).covers(other) == (w_id == room));
        }
}

BOOST_AUTO_TEST_CASE(a_scope_that_was_read_covers_what_the_original_does) {
  for (const auto& name : odd_names)
    for (const auto& w_id : odd_names) {
      const identity id(no_credential, "wcId", w_id, name);
      BOOST_TEST(scope::from_text(scope::account(name).text())->covers(id) == (name == w_id));
      BOOST_TEST(scope::from_text(scope::of(w_id, name).text())->covers(id));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
