#include "rollcall/gateway/write_watch.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace {

using rollcall::gateway::write_watch;
namespace api = rollcall::api;
namespace cache = rollcall::cache;

const std::string invite = R"({"wId":"w:1","chatRoomId":"7@chatroom","userList":"wxid_a,wxid_b"})";
const std::string done = R"({"message":"成功","code":"1000","data":null})";
const std::string refused = R"({"message":"失败","code":"1001","data":null})";

/// How the answer to a write came; without one, the connection broke off before its head.
struct answer {
  unsigned status = 200;
  std::string_view body = done;
  std::string_view encoding{};
  bool whole = true;
};

void watch_answer(write_watch& w, const answer& a) {
  w.answered(a.status, a.encoding);
  w.answer_piece(a.body);
  if (a.whole)
    w.answer_is_whole();
}

/// The text of the scope that is dropped, or "nothing".
std::string dropped_by(write_watch& w) {
  static api::change_parser changes;
  static api::answer_parser answers;
  const auto s = w.dropped_by(changes, answers);
  return s ? s->text() : "nothing";
}

std::string dropped(std::string_view request, const std::optional<answer>& a = answer{}) {
  write_watch w;
  w.request_piece(request);
  if (a)
    watch_answer(w, *a);
  return dropped_by(w);
}

/// A request of exactly `size` bytes.
std::string invite_of(std::size_t size) {
  std::string text = R"({"wId":"w","chatRoomId":"7@chatroom","userList":")";
  text.append(size - text.size() - 2, 'x').append("\"}");
  return text;
}
/// A refusal of exactly `size` bytes.
std::string refusal_of(std::size_t size) {
  std::string text = R"({"code":"1001","data":null,"message":")";
  text.append(size - text.size() - 2, 'x').append("\"}");
  return text;
}

BOOST_AUTO_TEST_SUITE(write_watch_suite)

BOOST_AUTO_TEST_CASE(a_write_that_was_done_drops_what_it_is_about) {
  BOOST_TEST(dropped(invite) == cache::scope::of("w:1", "7@chatroom").text());
  BOOST_TEST(dropped(R"({"wId":"w","wcId":"7@chatroom"})") == "p:w:7@chatroom");
  BOOST_TEST(dropped(R"({"wId":"w"})") == "w:w");
  BOOST_TEST(dropped(R"({"wId":"w","url":"https://weixin.qq.com/g/x"})") == "w:w",
             "which room is not known: all of them");
  BOOST_TEST(dropped(invite, answer{.body = R"({"code":1000,"data":{"a":[]}})"}) != "nothing");
}

BOOST_AUTO_TEST_CASE(a_write_that_was_refused_drops_nothing) {
  BOOST_TEST(dropped(invite, answer{.body = refused}) == "nothing");
  BOOST_TEST(dropped(invite, answer{.body = refused, .encoding = "identity"}) == "nothing");
  for (const unsigned status : {400U, 401U, 404U, 429U})
    for (const auto body : {std::string_view(refused), std::string_view("<html>"), std::string_view()})
      BOOST_TEST(dropped(invite, answer{.status = status, .body = body}) == "nothing");
}

// A purge too many costs a call; one too few shows a bot what is no longer so.
BOOST_AUTO_TEST_CASE(a_write_of_which_nobody_knows_counts_as_done) {
  const auto expected = dropped(invite);
  BOOST_TEST(dropped(invite, std::nullopt) == expected, "no answer at all");
  for (const unsigned status : {0U, 302U, 500U, 502U, 504U})
    BOOST_TEST(dropped(invite, answer{.status = status, .body = refused}) == expected, status);
  BOOST_TEST(dropped(invite, answer{.body = ""}) == expected);
  BOOST_TEST(dropped(invite, answer{.body = "<html>"}) == expected);
  BOOST_TEST(dropped(invite, answer{.body = refused, .encoding = "gzip"}) == expected, "it was not read");
  BOOST_TEST(dropped(invite, answer{.status = 404, .body = done}) == expected, "it contradicts itself");
}

BOOST_AUTO_TEST_CASE(an_answer_that_broke_off_tells_nothing_whatever_it_looks_like) {
  const auto expected = dropped(invite);
  BOOST_TEST(dropped(invite, answer{.body = refused, .whole = false}) == expected);
  BOOST_TEST(dropped(invite, answer{.body = refused.substr(0, 20), .whole = false}) == expected);
  BOOST_TEST(dropped(invite, answer{.body = "", .whole = false}) == expected);
  BOOST_TEST(dropped(invite, answer{.status = 404, .body = "", .whole = false}) == "nothing", "its status was enough");
}

BOOST_AUTO_TEST_CASE(a_write_that_does_not_tell_what_it_is_about_drops_nothing) {
  for (const auto request : {"", "{}", "[]", "nonsense", R"({"chatRoomId":"7@chatroom"})", R"({"wId":"w")",
                             R"({"wId":"w","wId":"v","chatRoomId":"7"})"}) {
    BOOST_TEST(dropped(request) == "nothing", request);
    BOOST_TEST(dropped(request, std::nullopt) == "nothing", request);
  }
}

BOOST_AUTO_TEST_CASE(pieces_are_put_together) {
  for (std::size_t size = 1; size < 20; ++size) {
    write_watch w;
    for (std::size_t at = 0; at < invite.size(); at += size)
      w.request_piece(std::string_view(invite).substr(at, size));
    w.answered(200, "");
    for (std::size_t at = 0; at < refused.size(); at += size)
      w.answer_piece(std::string_view(refused).substr(at, size));
    write_watch of_another = w;
    w.answer_is_whole();
    BOOST_TEST(dropped_by(w) == "nothing");
    BOOST_TEST(dropped_by(of_another) == dropped(invite));
  }
}

BOOST_AUTO_TEST_CASE(a_coding_is_kept_beyond_the_answer_it_was_read_from) {
  write_watch w;
  w.request_piece(invite);
  {
    std::string coding = "gzip, and a name too long to be kept in place";
    w.answered(200, coding);
    coding.assign(coding.size(), ' ');
  }
  w.answer_piece(refused);
  w.answer_is_whole();
  BOOST_TEST(dropped_by(w) == dropped(invite));
}

BOOST_AUTO_TEST_CASE(a_request_up_to_the_limit_is_read_and_beyond_it_is_not) {
  BOOST_TEST(dropped(invite_of(write_watch::most)) == "p:w:7@chatroom");
  BOOST_TEST(dropped(invite_of(write_watch::most + 1)) == "nothing");
  BOOST_TEST(dropped(invite_of(5 * write_watch::most)) == "nothing");
}

BOOST_AUTO_TEST_CASE(an_answer_up_to_the_limit_is_read_and_beyond_it_is_not) {
  BOOST_TEST(dropped(invite, answer{.body = refusal_of(write_watch::most)}) == "nothing");
  BOOST_TEST(dropped(invite, answer{.body = refusal_of(write_watch::most + 1)}) == dropped(invite));
  BOOST_TEST(dropped(invite, answer{.status = 404, .body = refusal_of(write_watch::most + 1)}) == "nothing");
}

// What was cut out of a body that is too large must not be taken for one of its own.
BOOST_AUTO_TEST_CASE(what_follows_a_body_that_became_too_large_is_not_read_as_a_new_one) {
  write_watch w;
  w.request_piece(std::string(write_watch::most, ' '));
  w.request_piece("  ");
  w.request_piece(invite);
  watch_answer(w, {});
  BOOST_TEST(dropped_by(w) == "nothing");

  write_watch v;
  v.request_piece(invite);
  v.answered(200, "");
  v.answer_piece(std::string(write_watch::most, ' '));
  v.answer_piece("  ");
  v.answer_piece(refused);
  v.answer_is_whole();
  BOOST_TEST(dropped_by(v) == dropped(invite));
}

BOOST_AUTO_TEST_CASE(it_is_settled_once_it_was_asked) {
  write_watch w;
  BOOST_TEST(!w.settled());
  w.request_piece(invite);
  watch_answer(w, {});
  BOOST_TEST(!w.settled());
  dropped_by(w);
  BOOST_TEST(w.settled());

  write_watch none;
  BOOST_TEST(dropped_by(none) == "nothing");
  BOOST_TEST(none.settled(), "with nothing to drop as well");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
