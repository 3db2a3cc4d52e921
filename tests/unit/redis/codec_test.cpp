#include "rollcall/redis/codec.hpp"

#include <boost/test/unit_test.hpp>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace redis = rollcall::redis;
using redis::reply;
using kind = redis::reply::kind;
using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(redis_codec)

namespace {

constexpr std::size_t limit = 1 << 20;

/// All replies in `bytes`, and `wrong` after them when the reader gave up.
std::vector<reply> read_all(std::string_view bytes, std::size_t step, std::string& wrong) {
  redis::reply_reader reader(limit);
  std::vector<reply> all;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    for (;;) {
      auto r = reader.next();
      if (!r) {
        wrong = r.error();
        return all;
      }
      if (!*r) {
        break;
      }
      all.push_back(std::move(**r));
    }
  }
  return all;
}

std::string problem(std::string_view bytes) {
  std::string wrong;
  read_all(bytes, bytes.size(), wrong);
  return wrong;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_command_is_written_binary_safe) {
  std::string out = "before";
  redis::format(std::array{"SET"sv, "k"sv, "a\0\r\n"sv, ""sv}, out);
  BOOST_TEST(out == "before*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n"sv);
}

BOOST_AUTO_TEST_CASE(commands_are_written_as_hiredis_writes_them) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> texts(1 + random() % 20);
    std::vector<std::string_view> args;
    std::vector<const char*> beginnings;
    std::vector<std::size_t> sizes;
    for (auto& text : texts) {
      constexpr std::array<std::size_t, 6> lengths{1, 10, 11, 100, 1001, 20000};
      text.resize(random() % lengths[random() % lengths.size()]);
      std::ranges::generate(text, [&] { return static_cast<char>(random()); });
      args.emplace_back(text);
      beginnings.push_back(text.data());
      sizes.push_back(text.size());
    }
    char* theirs = nullptr;
    const int size = redisFormatCommandArgv(&theirs, static_cast<int>(args.size()), beginnings.data(), sizes.data());
    BOOST_REQUIRE(size > 0);
    std::string ours = "before";
    redis::format(args, ours);
    BOOST_REQUIRE((ours == "before" + std::string(theirs, static_cast<std::size_t>(size))));
    BOOST_REQUIRE(ours.size() - 6 <= redis::formatted_size(args));
    redisFreeCommand(theirs);
  }
}

BOOST_AUTO_TEST_CASE(many_arguments_fit_and_the_size_is_not_underestimated) {
  const std::vector<std::string_view> args(100, "0123456789");
  std::string out;
  redis::format(args, out);
  BOOST_TEST(out.starts_with("*100\r\n"));
  BOOST_TEST(out.size() <= redis::formatted_size(args));
}

BOOST_AUTO_TEST_CASE(every_kind_is_read_however_the_bytes_come) {
  constexpr auto bytes = "+OK\r\n-ERR no\r\n:-42\r\n$-1\r\n$0\r\n\r\n$5\r\na\0\r\nb\r\n*-1\r\n*0\r\n"
                         "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n+y\r\n"sv;
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    std::string wrong;
    const auto all = read_all(bytes, step, wrong);
    BOOST_TEST(wrong == "");
    BOOST_REQUIRE(all.size() == 9U);
    BOOST_TEST(all[0].ok());
    BOOST_TEST(all[1].is(kind::error));
    BOOST_TEST(all[1].text() == "ERR no");
    BOOST_TEST(all[2].integer() == -42);
    BOOST_TEST(all[3].is(kind::nil));
    BOOST_TEST(all[4].is(kind::text));
    BOOST_TEST(all[4].text() == "");
    BOOST_TEST(all[5].text() == "a\0\r\nb"sv);
    BOOST_TEST(all[6].is(kind::nil));
    BOOST_TEST(all[7].is(kind::array));
    BOOST_TEST(all[7].size() == 0U);
    BOOST_REQUIRE(all[8].size() == 3U);
    BOOST_TEST(all[8][0].integer() == 1);
    BOOST_REQUIRE(all[8][1].size() == 2U);
    BOOST_TEST(all[8][1][0].text() == "x");
    BOOST_TEST(all[8][1][1].is(kind::nil));
    BOOST_TEST(all[8][2].text() == "y");
  }
}

BOOST_AUTO_TEST_CASE(only_ok_is_ok) {
  BOOST_TEST(reply(kind::status, "OK").ok());
  BOOST_TEST(!reply(kind::text, "OK").ok());
  BOOST_TEST(!reply(kind::status, "QUEUED").ok());
  BOOST_TEST(!reply().ok());
}

BOOST_AUTO_TEST_CASE(what_is_not_the_protocol_is_refused) {
  BOOST_TEST(problem("HTTP/1.1 400 Bad Request\r\n\r\n") != "");
  BOOST_TEST(problem("\r\n") != "");
  BOOST_TEST(problem(":one\r\n") != "");
  BOOST_TEST(problem(":99999999999999999999\r\n") != "");
  BOOST_TEST(problem("$-2\r\n") != "");
  BOOST_TEST(problem("$x\r\n") != "");
  BOOST_TEST(problem("*-2\r\n") != "");
  BOOST_TEST(problem("*4294967296\r\n") != "");
  BOOST_TEST(problem("%1\r\n+a\r\n+b\r\n") != ""); // RESP3
  BOOST_TEST(problem("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n") != "");
}

BOOST_AUTO_TEST_CASE(a_complaint_is_fit_for_a_log_line) {
  const auto said = problem("\x1b[31m\r\n");
  BOOST_TEST(said != "");
  BOOST_TEST(said.find('\x1b') == said.npos);
  BOOST_TEST(redis::printable("a\x1b\n\xff ~") == "a??? ~");
  BOOST_TEST(redis::printable(std::string(1000, 'x')).size() < 200U);
}

BOOST_AUTO_TEST_CASE(a_reply_that_does_not_end_is_refused_at_the_limit) {
  for (std::string_view beginning : {"+", "$9223372036854775807\r\n", "*2\r\n$1\r\na\r\n+", "*2147483647\r\n"}) {
    redis::reply_reader reader(limit);
    reader.feed(beginning);
    const std::string more(64 * 1024, beginning.starts_with("*214") ? ' ' : 'x');
    std::size_t fed = 0;
    for (;;) {
      auto r = reader.next();
      if (!r) {
        break;
      }
      BOOST_REQUIRE(!*r);
      BOOST_REQUIRE(fed <= limit);
      reader.feed(more);
      fed += more.size();
    }
  }
}

// Each piece of it would be looked through anew with every further one.
BOOST_AUTO_TEST_CASE(a_line_that_does_not_end_is_refused_long_before) {
  for (const std::string_view beginning : {"+", "-", ":", "$", "*", "*2\r\n:1\r\n+", "$1\r\na\r\n-"}) {
    redis::reply_reader reader(std::size_t{64} << 20);
    reader.feed(beginning);
    std::size_t taken = 0;
    for (bool fine = true; fine && taken < std::size_t{1} << 20; taken += 1024) {
      reader.feed(std::string(1024, '1'));
      auto r = reader.next();
      if (r && *r) { // what came before it
        r = reader.next();
      }
      fine = r.has_value();
      BOOST_TEST((fine || r.error() == "a line without an end"));
    }
    BOOST_TEST(taken < std::size_t{128} << 10);
  }
}

BOOST_AUTO_TEST_CASE(many_replies_in_a_row_do_not_add_up_to_the_limit) {
  redis::reply_reader reader(1000);
  for (int i = 0; i < 100; ++i) {
    reader.feed("$90\r\n" + std::string(90, 'x') + "\r\n$90\r\nxxx");
    auto r = reader.next();
    BOOST_REQUIRE(r.has_value());
    BOOST_REQUIRE(r->has_value());
    BOOST_REQUIRE(reader.next().has_value());
    reader.feed(std::string(87, 'x') + "\r\n");
    BOOST_REQUIRE(reader.next()->has_value());
  }
}

BOOST_AUTO_TEST_CASE(too_many_elements_are_refused_wherever_they_stand) {
  std::string one_level = "*2000000\r\n";
  std::string two_levels = "*2000\r\n";
  for (int i = 0; i < 2000; ++i) {
    two_levels += "*1000\r\n";
    for (int k = 0; k < 1000; ++k) {
      one_level += ":1\r\n";
      two_levels += ":1\r\n";
    }
  }
  for (const auto& bytes : {one_level, two_levels}) {
    redis::reply_reader reader(std::size_t{1} << 30);
    reader.feed(bytes);
    const auto r = reader.next();
    BOOST_REQUIRE(!r.has_value());
    BOOST_TEST(r.error() == "a reply of too many elements");
  }
}

BOOST_AUTO_TEST_CASE(no_noise_breaks_the_reader) {
  std::mt19937 random(99);
  constexpr std::string_view alphabet = "+-:$*\r\n0123456789ax";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (auto n = random() % 40; n > 0; --n) {
      bytes += alphabet[random() % alphabet.size()];
      if (random() % 4 == 0) {
        bytes += "\r\n";
      }
    }
    std::string wrong;
    read_all(bytes, 1 + random() % 8, wrong);
  }
}

BOOST_AUTO_TEST_CASE(every_kind_has_a_name) {
  for (auto k : {kind::status, kind::error, kind::integer, kind::nil, kind::text, kind::array}) {
    BOOST_TEST(!redis::to_string(k).empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
