#include "herding/message.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace {

using namespace rollcall::herding;

BOOST_AUTO_TEST_SUITE(messages)

BOOST_AUTO_TEST_CASE(a_message_is_whole_with_the_last_byte_of_its_body_and_not_before) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
  for (std::size_t size = 0; size < text.size(); ++size) {
    BOOST_TEST(!first_message(std::string_view(text).substr(0, size)).has_value(), size);
  }
  const auto found = first_message(text);
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->head == text.substr(0, text.size() - 4));
  BOOST_TEST(found->body == "body");
  BOOST_TEST(found->size() == text.size());
}

BOOST_AUTO_TEST_CASE(what_follows_belongs_to_the_next_message) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\n\r\n";
  const auto first = first_message(text);
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->body == "a");
  const auto second = first_message(std::string_view(text).substr(first->size()));
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(second->head == "HTTP/1.1 404 Not Found\r\n\r\n");
  BOOST_TEST(second->body.empty());
}

BOOST_AUTO_TEST_CASE(the_length_is_found_in_any_spelling_and_at_any_place) {
  for (const std::string field : {"Content-Length: 3", "content-length:3", "CONTENT-LENGTH:   3"}) {
    for (const auto& text : {"HTTP/1.1 200 OK\r\n" + field + "\r\nA: b\r\n\r\nabc",
                             "HTTP/1.1 200 OK\r\nA: b\r\nDate: x\r\n" + field + "\r\n\r\nabc"}) {
      const auto found = first_message(text);
      BOOST_REQUIRE(found.has_value());
      BOOST_TEST(found->body == "abc", text);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_a_length_is_none) {
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nX-Content-Length: 3\r\n\r\n", "HTTP/1.1 200 Content-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nContent-Length: 3\r\n\r\n"}) {
    const auto found = first_message(head);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->body.empty(), head);
  }
}

BOOST_AUTO_TEST_CASE(a_question_is_one_message_and_names_its_room) {
  const auto text = question("42@chatroom");
  const auto found = first_message(text);
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->size() == text.size());
  BOOST_TEST(found->head.starts_with("POST /getChatRoomMember HTTP/1.1\r\n"));
  BOOST_TEST(found->body == R"({"wId":"herd","wcId":"42@chatroom"})");
}

BOOST_AUTO_TEST_CASE(an_answer_is_one_message_with_this_body_byte_for_byte) {
  for (const std::string body : {"", "{}", "a\r\n\r\nContent-Length: 9\r\n\r\n", "\xf0\x9f\x98\x80"}) {
    const auto text = answer_with(body);
    const auto found = first_message(text);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->size() == text.size());
    BOOST_TEST(found->head.starts_with("HTTP/1.1 200 "));
    BOOST_TEST(found->body == body);
  }
}

BOOST_AUTO_TEST_CASE(no_answer_is_one_message_too) {
  const auto found = first_message(no_answer());
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->size() == no_answer().size());
  BOOST_TEST(found->head.starts_with("HTTP/1.1 404 "));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
