#include "rollcall/net/request_parser.hpp"

#include "heads.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(net_chunked_body)

namespace {

using namespace std::string_literals;
using rollcall::net::framing_error;
using rollcall::net::request_parser;
using rollcall::test::shown;
using rollcall::test::with_fields;

constexpr std::uint64_t no_limit = 1 << 30;

/// What came out of a chunked body that arrived in these pieces.
struct outcome {
  std::string data;
  std::string rest;    // what was not taken
  std::string verdict; // "done", "unfinished", or what is wrong
};

/// Reads as a session does: unparsed bytes are kept, in memory of their exact size so that a sanitizer sees an overrun.
outcome read(const std::vector<std::string_view>& pieces, std::uint64_t most = no_limit) {
  static const std::string head = with_fields("Transfer-Encoding: chunked\r\n");
  request_parser parser;
  BOOST_REQUIRE(parser.parse_head(head).has_value());
  outcome o;
  std::vector<char> kept;
  for (const auto piece : pieces) {
    kept.insert(kept.end(), piece.begin(), piece.end());
    for (;;) {
      kept.shrink_to_fit();
      const auto step = parser.parse_chunked({kept.data(), kept.size()}, most - o.data.size());
      if (!step) {
        o.verdict = to_string(step.error());
        return o;
      }
      BOOST_REQUIRE_LE(step->consumed, kept.size());
      o.data += step->data;
      kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(step->consumed));
      if (step->done) {
        o.verdict = "done";
        o.rest.assign(kept.begin(), kept.end());
        return o;
      }
      if (step->need_more)
        break;
    }
  }
  o.verdict = "unfinished";
  return o;
}

outcome read(std::string_view bytes, std::uint64_t most = no_limit) {
  return read(std::vector{bytes}, most);
}

/// The verdict when the bytes come in one piece, and it must be the same when each comes alone.
std::string verdict(std::string_view bytes, std::uint64_t most = no_limit) {
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    single.push_back(bytes.substr(i, 1));
  const auto whole = read(bytes, most).verdict;
  const auto bytewise = read(single, most).verdict;
  BOOST_TEST(whole == bytewise, shown(bytes));
  return whole;
}

const std::string next = "GET /next HTTP/1.1\r\n\r\n";

} // namespace

BOOST_AUTO_TEST_CASE(every_split_gives_the_same_data) {
  const auto body = "5\r\nhello\r\n1;a\r\n,\r\n06;b=\"c;d\";e=f\r\n world\r\n00;g\r\nX: y\r\nZ:\r\n\r\n"s;
  const auto bytes = body + next;
  const std::string_view all = bytes;
  for (std::size_t i = 0; i <= body.size(); ++i)
    for (std::size_t j = i; j <= body.size(); ++j) {
      const auto o = read({all.substr(0, i), all.substr(i, j - i), all.substr(j)});
      BOOST_REQUIRE_MESSAGE(o.data == "hello, world" && next.starts_with(o.rest) && o.verdict == "done",
                            "split at " << i << " and " << j << ": " << o.data << ' ' << o.verdict);
    }
  BOOST_TEST(verdict(body) == "done");
}

BOOST_AUTO_TEST_CASE(an_empty_body_may_come_byte_by_byte) {
  BOOST_TEST(verdict("0\r\n\r\n") == "done");
  BOOST_TEST(verdict("0000\r\n\r\n") == "done");
  BOOST_TEST(verdict("0\r\nX: y\r\n\r\n") == "done");
  BOOST_TEST(read("0\r\n\r\n" + next).rest == next);
}

BOOST_AUTO_TEST_CASE(data_may_be_anything) {
  std::string data;
  for (int b = 0; b < 256; ++b)
    data += static_cast<char>(b);
  data += "\r\n0\r\n\r\n";
  const auto body = fmt::format("{:X}\r\n{}\r\n0\r\n\r\n", data.size(), data);
  BOOST_TEST(read(body).data == data);
  BOOST_TEST(verdict(body) == "done");
}

BOOST_AUTO_TEST_CASE(random_bodies_in_random_pieces_come_out_whole) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string data;
    std::string body;
    for (auto chunks = random() % 6; chunks > 0; --chunks) {
      const std::string piece(1 + random() % 40, static_cast<char>(random()));
      data += piece;
      body += fmt::format("{:x}{}\r\n{}\r\n", piece.size(), random() % 3 == 0 ? ";x=\"\\\"\"" : "", piece);
    }
    body += random() % 2 == 0 ? "0\r\n\r\n" : "0\r\nA: b\r\n\r\n";
    const auto bytes = body + next;
    std::vector<std::string_view> pieces;
    for (std::string_view left = bytes; !left.empty();) {
      const auto n = std::min<std::size_t>(left.size(), 1 + random() % 9);
      pieces.push_back(left.substr(0, n));
      left.remove_prefix(n);
    }
    const auto o = read(pieces);
    BOOST_REQUIRE_MESSAGE(o.verdict == "done" && o.data == data, shown(body));
    BOOST_REQUIRE_MESSAGE(next.starts_with(o.rest), shown(o.rest)); // the rest of next had not come
  }
}

BOOST_AUTO_TEST_CASE(a_malformed_chunk_is_refused) {
  for (const auto& body : {
           "x\r\nhello\r\n0\r\n\r\n"s,   // no size
           "\r\nhello\r\n0\r\n\r\n"s,    //
           ";a\r\nhello\r\n0\r\n\r\n"s,  //
           "+5\r\nhello\r\n0\r\n\r\n"s,  //
           "-5\r\nhello\r\n0\r\n\r\n"s,  //
           " 5\r\nhello\r\n0\r\n\r\n"s,  //
           "0x5\r\nhello\r\n0\r\n\r\n"s, //
           "5h\r\nhello\r\n0\r\n\r\n"s,  //
           "5 5\r\nhello\r\n0\r\n\r\n"s, //
           "5,5\r\nhello\r\n0\r\n\r\n"s, //
           "5\0\r\nhello\r\n0\r\n\r\n"s, //
           "5\nhello\n0\n\n\r\n\r\n"s,   // bare LF
           "5\rhello\r\n0\r\n\r\n"s,     // bare CR
           "5\r\nhello0\r\n\r\n"s,       // no CRLF behind the data
           "5\r\nhello\n0\r\n\r\n"s,     //
           "5\r\nhello\r0\r\n\r\n"s,     //
           "5\r\nhello \r\n0\r\n\r\n"s,  //
           "5\r\nhelloo\r\n0\r\n\r\n"s,  // more data than announced
           "6\r\nhello\r\n0\r\n\r\n"s,   // less
           "5\r\nhello\r\n0\r\nX y\r\n\r\n"s,
           "5\r\nhello\r\n0\r\n: y\r\n\r\n"s,
           "5\r\nhello\r\n0\r\nX: a\nY: b\r\n\r\n"s,
           "5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n"s,
       })
    BOOST_TEST(verdict(body) == to_string(framing_error::bad_chunk), shown(body));
}

BOOST_AUTO_TEST_CASE(an_extension_cannot_hide_anything) {
  for (const auto& body : {
           "5;\r\nhello\r\n0\r\n\r\n"s,
           "5;=\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\r\nhello\r\n0\r\n\r\n"s,
           "5;a b\r\nhello\r\n0\r\n\r\n"s,
           "5;a\x01\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\x7f\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\0\"\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\\\x01\"\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\r\"\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\\\r\n\"\r\nhello\r\n0\r\n\r\n"s,
           "5;a=\"\r\nhello\r\n0\r\n\r\n"s, // the quote never ends
           "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"s,
           "5;a\nb\r\nhello\r\n0\r\n\r\n"s,
           "5;a\rb\r\nhello\r\n0\r\n\r\n"s,
           "0;a=\"\x01\"\r\n\r\n"s,
           "0;\r\n\r\n"s,
           "0;a=\"\r\n\r\n"s,
           "2\r\nxx\r\n5;a=\"\r\nhello\r\n0\r\n\r\n"s,
       })
    BOOST_TEST(verdict(body) == to_string(framing_error::bad_chunk), shown(body));
  for (const auto* body :
       {"5;a\r\nhello\r\n0\r\n\r\n", "5;a=b;c=d\r\nhello\r\n0\r\n\r\n", "5 ; a = b\r\nhello\r\n0\r\n\r\n",
        "5;a=\"b\"\r\nhello\r\n0;x=\"\"\r\n\r\n", "5;a=\"\\\"\\\\\"\r\nhello\r\n0\r\n\r\n"})
    BOOST_TEST(verdict(body) == "done", shown(body));
}

BOOST_AUTO_TEST_CASE(a_size_cannot_overflow) {
  BOOST_TEST(verdict("10000000000000005\r\nhello\r\n0\r\n\r\n") == to_string(framing_error::bad_chunk));
  BOOST_TEST(verdict("100000005\r\nhello\r\n0\r\n\r\n") == to_string(framing_error::body_too_large));
  BOOST_TEST(verdict("ffffffffffffffff\r\nhello\r\n0\r\n\r\n") == to_string(framing_error::body_too_large));
  BOOST_TEST(verdict("FFFFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n") == to_string(framing_error::bad_chunk));
  BOOST_TEST(read(std::string(100, '0') + "5\r\nhello\r\n0\r\n\r\n").data == "hello");
}

BOOST_AUTO_TEST_CASE(a_body_larger_than_wanted_is_refused_at_its_size) {
  BOOST_TEST(verdict("5\r\nhello\r\n0\r\n\r\n", 5) == "done");
  BOOST_TEST(verdict("6\r\n", 5) == to_string(framing_error::body_too_large));
  BOOST_TEST(verdict("3\r\nabc\r\n3\r\n", 5) == to_string(framing_error::body_too_large));
  BOOST_TEST(verdict("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5) == "done");
}

BOOST_AUTO_TEST_CASE(a_trailer_is_dropped_and_never_frames_anything) {
  BOOST_TEST(verdict("5\r\nhello\r\n0\r\nHost: elsewhere\r\nConnection: close\r\nX: y\r\n\r\n") == "done");
  // A sender must not do this (RFC 9110 section 6.5.1); one that does means to confuse somebody.
  for (const auto* trailer : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "content-length: x\r\n"})
    BOOST_TEST(verdict(fmt::format("5\r\nhello\r\n0\r\n{}\r\n", trailer)) == to_string(framing_error::bad_chunk),
               trailer);
}

BOOST_AUTO_TEST_CASE(an_unfinished_body_stays_unfinished) {
  const auto body = "5\r\nhello\r\n0;a=b\r\nX: y\r\n\r\n"s;
  for (std::size_t i = 0; i < body.size(); ++i)
    BOOST_TEST(verdict(body.substr(0, i)) == "unfinished", i);
}

BOOST_AUTO_TEST_SUITE_END()
