#include "rollcall/api/account_scanner.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using rollcall::api::account_scanner;
using verdict = account_scanner::verdict;

/// What is found in a body that comes in pieces of `size`: the account, "-" for none, "..." while it is not known.
std::string scan(std::string_view body, std::size_t size) {
  account_scanner s;
  for (std::size_t at = 0; at < body.size(); at += size)
    s.scan(body.substr(at, size));
  switch (s.result()) {
  case verdict::found:
    return std::string(s.w_id());
  case verdict::none:
    return "-";
  case verdict::more:
    break;
  }
  return "...";
}

void check(std::string_view body, std::string_view expected) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, body.size() + 1})
    BOOST_TEST(scan(body, size) == expected, body << " in pieces of " << size);
}

BOOST_AUTO_TEST_SUITE(account_scanner_suite)

BOOST_AUTO_TEST_CASE(the_account_is_found_wherever_it_stands) {
  for (const std::string_view body : {
           R"({"wId":"a-1"})",
           R"({"wId":"a-1)"
           R"(","wcId":"x@chatroom"})",
           " \t\r\n{ \"wId\" \n:\t\"a-1\" , \"x\":1}",
           R"({"content":"a long text with \" and \\","n":-1.5e3,"t":true,"u":null,"wId":"a-1"})",
           R"({"inner":{"wId":"wrong","deep":[{"wId":"wrong"},"}]",{}]},"list":["wId","wrong"],"wId":"a-1"})",
           R"({"wId2":"wrong","wid":"wrong","WID":"wrong"," wId":"wrong","wIdwIdwIdwIdwIdwIdwId":"w","wId":"a-1"})",
           R"({"x":"wId","wId":"a-1"})",
           R"({"wId":"a-1","wId":"second"})", // the first counts
           R"({"wId":"a-1" and whatever follows)",
       })
    check(body, "a-1");
}

BOOST_AUTO_TEST_CASE(names_and_accounts_are_unescaped) {
  check(R"({"\u0077\u0049\u0064":"a"})", "a");
  check(R"({"w\u0049d":"\u4f60\"\\\/\ud83e\udd91"})", "你\"\\/🦑");
  check(R"({"w\u0049\u0064x":"wrong","wId":"a"})", "a");
  check("{\"wId\":\"你好\"}", "你好");
  check(R"({"wId":"\ud83e"})", "-"); // half a character names nobody
  check(R"({"wId":"\q"})", "-");
}

BOOST_AUTO_TEST_CASE(a_body_that_names_no_account_is_known_as_such) {
  for (const std::string_view body : {
           "{}",
           "{ }",
           R"({"account":"x","password":"y"})",
           R"({"wId":""})",
           R"({"wId":1})",
           R"({"wId":null})",
           R"({"wId":["a"]})",
           R"({"wId":{"wId":"a"}})",
           R"(["wId","a"])",
           R"("wId")",
           "wId=a&x=1",
           "--boundary\r\nContent-Disposition: form-data; name=\"wId\"\r\n\r\na",
           "\xef\xbb\xbf{\"wId\":\"a\"}",
           R"({'wId':'a'})",
           R"({wId:"a"})",
           R"({"x" "wId":"a"})",
           R"({"x":{"y":1}})",
           R"({,"wId":"a"})",
       })
    check(body, "-");
}

BOOST_AUTO_TEST_CASE(a_beginning_says_nothing_until_the_account_is_whole) {
  const std::string_view body = R"({"x":[1,{"wId":"w"}],"wId":"a\u0062")";
  for (std::size_t size = 0; size < body.size(); ++size)
    check(body.substr(0, size), "...");
  check(body, "ab");
}

BOOST_AUTO_TEST_CASE(long_values_are_passed_over) {
  const std::string text(100'000, 'x');
  check(R"({"content":")" + text + R"(\")" + text + R"(","wId":"a"})", "a");
  check(R"({")" + text + R"(":1,"wId":"a"})", "a");
  check(R"({"content":")" + text, "...");
  check(std::string(100'000, '['), "-");
  check(R"({"x":)" + std::string(100'000, '['), "...");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
