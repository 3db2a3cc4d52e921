// What an answer to a write means for what is cached.

#include "rollcall/api/write_outcome.hpp"

#include "samples.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string_view>

using namespace rollcall::api;
using namespace rollcall::api::test;

namespace {

constexpr std::optional<answer_kind> too_large;

std::string_view outcome(unsigned status, std::optional<answer_kind> said, std::string_view encoding = "") {
  return to_string(outcome_of_write(status, encoding, said));
}

std::string_view outcome_of_body(std::string_view body) {
  answer_parser parser;
  const padded text(body);
  return outcome(200, parser.classify(text.view()).kind);
}

} // namespace

BOOST_AUTO_TEST_SUITE(write_outcomes)

BOOST_AUTO_TEST_CASE(the_envelope_of_a_2xx_decides) {
  for (const unsigned status : {200U, 201U, 202U, 299U}) {
    BOOST_TEST(outcome(status, answer_kind::success) == "done");
    BOOST_TEST(outcome(status, answer_kind::odd) == "done");
    BOOST_TEST(outcome(status, answer_kind::failure) == "refused");
    BOOST_TEST(outcome(status, answer_kind::unreadable) == "unknown");
    BOOST_TEST(outcome(status, too_large) == "unknown");
  }
}

BOOST_AUTO_TEST_CASE(the_answers_of_writes_are_understood) {
  BOOST_TEST(outcome_of_body(R"({"message":"成功","code":"1000","data":null})") == "done");
  BOOST_TEST(outcome_of_body(R"({"msg":"成功","code":1000})") == "done");
  BOOST_TEST(outcome_of_body(R"({"message":"ok","code":"1000","data":{"url":"x"}})") == "done");
  BOOST_TEST(outcome_of_body(R"({"message":"失败","code":"1001","data":null})") == "refused");
  BOOST_TEST(outcome_of_body(R"({"message":"ok","data":null})") == "unknown");
  BOOST_TEST(outcome_of_body("") == "unknown");
  BOOST_TEST(outcome_of_body("<html>") == "unknown");
}

BOOST_AUTO_TEST_CASE(a_4xx_is_a_refusal_unless_its_envelope_says_otherwise) {
  for (const unsigned status : {400U, 401U, 404U, 429U, 499U}) {
    BOOST_TEST(outcome(status, answer_kind::failure) == "refused");
    BOOST_TEST(outcome(status, answer_kind::unreadable) == "refused");
    BOOST_TEST(outcome(status, too_large) == "refused");
    BOOST_TEST(outcome(status, answer_kind::success) == "unknown");
    BOOST_TEST(outcome(status, answer_kind::odd) == "unknown");
    BOOST_TEST(outcome(status, answer_kind::success, "gzip") == "refused");
  }
}

BOOST_AUTO_TEST_CASE(any_other_status_tells_nothing) {
  for (const unsigned status : {0U, 100U, 199U, 300U, 302U, 307U, 399U, 500U, 502U, 504U, 599U, 999U})
    for (const auto said : {std::optional{answer_kind::success}, std::optional{answer_kind::failure}, too_large})
      BOOST_TEST(outcome(status, said) == "unknown");
}

BOOST_AUTO_TEST_CASE(an_encoded_body_was_never_read) {
  for (const auto encoding : {"gzip", "br", "identity, gzip", "x"}) {
    BOOST_TEST(outcome(200, answer_kind::success, encoding) == "unknown");
    BOOST_TEST(outcome(200, answer_kind::failure, encoding) == "unknown");
  }
  for (const auto encoding : {"", "identity", "Identity"}) {
    BOOST_TEST(outcome(200, answer_kind::success, encoding) == "done");
    BOOST_TEST(outcome(200, answer_kind::failure, encoding) == "refused");
  }
}

BOOST_AUTO_TEST_SUITE_END()
