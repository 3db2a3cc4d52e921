#include "load/answer_head.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace rollcall::load;

progress read(std::string_view bytes, answer_head& head) {
  return read_head(bytes, head);
}

BOOST_AUTO_TEST_SUITE(answer_heads)

BOOST_AUTO_TEST_CASE(status_length_and_cache_status_are_read_in_any_case_of_letters) {
  constexpr std::string_view text = "HTTP/1.1 200 OK\r\nDate: x\r\ncontent-length: 12\r\nCONTENT-ENCODING: gzip\r\n"
                                    "Cache-Status: rollcall; hit; ttl=5; detail=redis\r\nConnection: close\r\n\r\n";
  answer_head head;
  BOOST_TEST((read(std::string(text) + "body", head) == progress::whole));
  BOOST_TEST(head.status == 200U);
  BOOST_TEST(head.size == text.size());
  BOOST_TEST(head.body == 12U);
  BOOST_TEST(head.gzip);
  BOOST_TEST(head.close);
  BOOST_TEST((head.cache == cache_outcome::redis));
  BOOST_TEST(head.hit);
}

BOOST_AUTO_TEST_CASE(a_stale_list_is_a_hit_unless_somebody_was_asked_first) {
  const auto head_with = [](const std::string& status) {
    answer_head head;
    read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Status: rollcall; " + status + "\r\n\r\n", head);
    return head;
  };
  const auto at_once = head_with("hit; ttl=-4; detail=memory");
  BOOST_TEST(at_once.hit);
  BOOST_TEST((at_once.cache == cache_outcome::stale));
  const auto after_all = head_with("fwd=stale; fwd-status=502; ttl=-4; detail=upstream");
  BOOST_TEST(!after_all.hit);
  BOOST_TEST((after_all.cache == cache_outcome::stale));
  BOOST_TEST(!head_with("fwd=miss; stored").hit);
}

BOOST_AUTO_TEST_CASE(every_beginning_of_a_head_is_partial) {
  const std::string text = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
  answer_head head;
  for (std::size_t size = 0; size < text.size(); ++size) {
    BOOST_TEST((read(text.substr(0, size), head) == progress::partial));
  }
  BOOST_TEST((read(text, head) == progress::whole));
  BOOST_TEST(head.status == 502U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_framed_is_broken) {
  answer_head head;
  for (const std::string text :
       {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 abc OK\r\nContent-Length: 1\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n"}) {
    BOOST_TEST((read(text, head) == progress::broken), text);
  }
  BOOST_TEST((read(std::string(20'000, 'x'), head) == progress::broken));
}

BOOST_AUTO_TEST_CASE(chunks_become_a_body_and_nothing_behind_it_is_taken) {
  const std::string text = "4\r\nwiki\r\n5;x=1\r\npedia\r\n0\r\n\r\n";
  std::string body;
  std::size_t taken = 0;
  for (std::size_t size = 0; size < text.size(); ++size) {
    BOOST_TEST((read_chunked(text.substr(0, size), body, taken) == progress::partial));
  }
  BOOST_TEST((read_chunked(text + "HTTP/1.1", body, taken) == progress::whole));
  BOOST_TEST(body == "wikipedia");
  BOOST_TEST(taken == text.size());
  BOOST_TEST((read_chunked("zz\r\n", body, taken) == progress::broken));
  BOOST_TEST((read_chunked("1\r\nxyz", body, taken) == progress::broken));
  BOOST_TEST((read_chunked("fffffffff\r\n", body, taken) == progress::broken));
}

BOOST_AUTO_TEST_CASE(cache_status_tells_where_an_answer_came_from) {
  BOOST_TEST((outcome_of("rollcall; hit; ttl=57; detail=memory") == cache_outcome::memory));
  BOOST_TEST((outcome_of("rollcall; hit; ttl=57; detail=redis") == cache_outcome::redis));
  BOOST_TEST((outcome_of("rollcall; hit; ttl=-4; detail=memory") == cache_outcome::stale));
  BOOST_TEST((outcome_of("rollcall; fwd=stale; ttl=-9; detail=timeout") == cache_outcome::stale));
  BOOST_TEST((outcome_of("rollcall; fwd=miss; fwd-status=200; stored") == cache_outcome::miss));
  BOOST_TEST((outcome_of("rollcall; fwd=miss; fwd-status=200; collapsed") == cache_outcome::miss));
  BOOST_TEST((outcome_of("rollcall; fwd=bypass") == cache_outcome::none));
  BOOST_TEST((outcome_of("") == cache_outcome::none));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
