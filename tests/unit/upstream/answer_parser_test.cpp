#include "rollcall/upstream/answer_parser.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace {

using namespace rollcall::upstream;

/// What became of an answer that came in pieces of at most `step` bytes, the connection's end behind it.
struct reading {
  std::string head; // status, reason and fields, or what is wrong
  std::string body;
  std::string end; // of the body
  bool keep_alive = false;
  std::size_t left = 0; // bytes that do not belong to it
  bool operator==(const reading&) const = default;
};

std::string head_of(const answer_parser& p) {
  auto text = std::to_string(p.status()).append(1, '|').append(p.reason()).append(1, '|');
  for (const auto& f : p.fields())
    text.append(f.name).append(1, '=').append(f.value).append(1, ';');
  return text + (p.content_length() ? std::to_string(*p.content_length()) : "-");
}

reading read(std::string_view bytes, std::size_t step = std::string::npos, bool to_head = false) {
  answer_parser p(to_head);
  reading r;
  std::string come;
  const auto more = [&] {
    come += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
  };
  for (std::size_t size = 0; size == 0; more()) {
    if (const auto taken = p.take_head(come); !taken) {
      r.head = label_of(taken.error());
      return r;
    } else if (size = *taken; size > 0) {
      r.head = head_of(p);
      r.keep_alive = p.keep_alive();
      come.erase(0, size);
      break;
    } else if (bytes.empty()) {
      r.head = "cut";
      return r;
    }
  }
  while (!p.is_done()) {
    const auto taken = p.take_body(come);
    if (!taken) {
      r.end = label_of(taken.error());
      return r;
    }
    r.body += taken->data;
    come.erase(0, taken->consumed);
    if (taken->consumed > 0)
      continue;
    if (bytes.empty()) {
      r.end = p.take_end() ? "by the connection's end" : "cut";
      return r;
    }
    more();
  }
  r.end = "whole";
  r.left = come.size() + bytes.size();
  return r;
}

BOOST_AUTO_TEST_SUITE(answer_parser_suite)

BOOST_AUTO_TEST_CASE(an_answer_is_the_same_in_whatever_pieces_it_comes) {
  for (const std::string_view text : {
           "HTTP/1.1 200 OK\r\nServer: Tomcat\r\nContent-Length: 5\r\nDate: now\r\n\r\nhello",
           "HTTP/1.1 404 \r\ncontent-length:5\r\n\r\nhello",
           "HTTP/1.0 200 OK\r\nX-Empty:\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer-Field: "
           "1\r\n\r\n",
           "HTTP/1.1 200 OK\r\n\r\nhello",
       }) {
    const auto expected = read(text);
    BOOST_TEST(expected.body == "hello");
    BOOST_TEST((expected.end == "whole" || expected.end == "by the connection's end"));
    BOOST_TEST(expected.head.find("Trailer-Field") == std::string::npos);
    for (std::size_t step = 1; step < text.size(); ++step)
      BOOST_TEST((read(text, step) == expected), text << " in pieces of " << step);
    for (std::size_t size = 0; expected.end == "whole" && size < text.size(); ++size) {
      const auto cut = read(text.substr(0, size));
      BOOST_TEST((cut.head == "cut" || cut.end == "cut"), size << " bytes of " << text);
    }
  }
}

// An empty field at the end makes the quick parser leave a head to Beast.
BOOST_AUTO_TEST_CASE(the_quick_parser_reads_as_beast_does) {
  for (const std::string_view line : {"HTTP/1.1 200 OK",
                                      "HTTP/1.1 200 ",
                                      "HTTP/1.1 204 No Content",
                                      "HTTP/1.1 304 x",
                                      "HTTP/1.1 599 A \"reason\"",
                                      "HTTP/1.1 600 x",
                                      "HTTP/1.1 101 x",
                                      "HTTP/1.1 100 x",
                                      "HTTP/1.1 099 x",
                                      "HTTP/1.1 2 0 x",
                                      "HTTP/1.1 20",
                                      "HTTP/1.1 2000 x",
                                      "HTTP/1.1 200",
                                      "HTTP/1.1 200  two",
                                      "HTTP/1.1 200 \xe4\xbd\xa0",
                                      "HTTP/1.0 200 OK",
                                      "HTTP/1.1 200 \x01",
                                      "HTTP/1.1  200 OK",
                                      "http/1.1 200 OK",
                                      "HTTP/1.1\t200 OK"})
    for (const std::string_view fields :
         {"",
          "Content-Length: 5\r\n",
          "content-length:\t5 \r\n",
          "Content-Length: 005\r\n",
          "Content-Length: 0\r\n",
          "Content-Length: 5\r\nContent-Length: 5\r\n",
          "Content-Length: 5, 5\r\n",
          "Content-Length: +5\r\n",
          "Content-Length: -5\r\n",
          "Content-Length: 0x5\r\n",
          "Content-Length: 5 5\r\n",
          "Content-Length : 5\r\n",
          "Content-Length: 99999999999999999999\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
          "Content-Length: 5\r\nConnection: close\r\n",
          "Content-Length: 5\r\nConnection: keep-alive\r\n",
          "Content-Length: 5\r\nConnection: keep-alive, close\r\n",
          "Content-Length: 5\r\nX: a\r\n  b\r\n",
          "Content-Length: 5\r\nConnection: close\r\nConnection: keep-alive\r\n",
          "Content-Length: 5\r\nX: \x01\r\n",
          "Content-Length: 5\r\nset-cookie: a=1; b\r\nSet-Cookie: c\r\nX: \"\xe4\xbd\xa0\"\r\n",
          "Content-Length: 5\n",
          "Content-Length: 5\r\nno colon\r\n",
          "Content-Length: 5\r\n: no name\r\n",
          "Content-Length: 5\r\nX Y: z\r\n"})
      for (const bool to_head : {false, true}) {
        const auto head = std::string(line).append("\r\n").append(fields);
        const auto quick = read(head + "\r\nhello, world", std::string::npos, to_head);
        auto beast = read(head + "X-Odd:\r\n\r\nhello, world", std::string::npos, to_head);
        if (const auto odd = beast.head.find("X-Odd=;"); odd != std::string::npos)
          beast.head.erase(odd, 7);
        BOOST_TEST_CONTEXT(head) {
          BOOST_TEST(quick.head == beast.head);
          BOOST_TEST(quick.body == beast.body);
          BOOST_TEST(quick.end == beast.end);
          BOOST_TEST(quick.keep_alive == beast.keep_alive);
          BOOST_TEST(quick.left == beast.left);
        }
      }
}

BOOST_AUTO_TEST_CASE(what_follows_a_body_is_not_part_of_it) {
  BOOST_TEST(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP").left == 4U);
  BOOST_TEST(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP").left == 4U);
  BOOST_TEST(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP").left == 4U);
  BOOST_TEST(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 100, true).left == 5U); // to a HEAD
}

BOOST_AUTO_TEST_CASE(a_folded_value_is_one_value) {
  const auto r = read("HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nY: c\r\n\td\r\nContent-Length: 0\r\n\r\n");
  BOOST_TEST(r.head == "200|OK|X=a b;Y=c d;Content-Length=0;0");
}

BOOST_AUTO_TEST_CASE(what_cannot_become_an_answer_is_refused_before_its_end) {
  for (const std::string_view text : {"G", "HTTP/2", "ICY 200", "\x15\x03\x01", "\r\n", "HTTP/1.1 200 OK\n\n"})
    BOOST_TEST(read(text).head == "malformed");
  BOOST_TEST(read("HTTP/1.1 200 OK\r\nX: " + std::string(answer_head_most, 'x'), 1000).head == "malformed");
  BOOST_TEST(read("HTTP/1.1 200 OK\r\nX: " + std::string(answer_head_most, 'x') + "\r\n\r\n").head == "malformed");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
