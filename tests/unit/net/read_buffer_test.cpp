#include "rollcall/net/read_buffer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(net_read_buffer)

using rollcall::net::read_buffer;

namespace {

std::string noise(std::mt19937& random, std::size_t most) {
  std::string text(random() % (most + 1), '\0');
  std::ranges::generate(text, [&] { return static_cast<char>(random()); });
  return text;
}

/// Whether the bytes behind the unread ones may be read: an address sanitizer objects when not.
bool has_padding(const read_buffer& b) {
  volatile char sum = 0;
  const auto bytes = b.bytes();
  if (bytes.empty())
    return true;
  for (std::size_t i = 0; i < read_buffer::padding; ++i)
    sum = static_cast<char>(sum ^ bytes.data()[bytes.size() + i]);
  return true;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_unused_one_is_empty) {
  read_buffer b;
  BOOST_TEST(b.empty());
  BOOST_TEST(b.size() == 0U);
  BOOST_TEST(b.bytes() == "");
  b.consume(0);
  b.append("");
  b.clear();
  b.shrink(4096);
  BOOST_TEST(b.empty());
}

BOOST_AUTO_TEST_CASE(it_holds_what_a_string_would_hold) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    read_buffer b;
    std::string model;
    for (int i = 0; i < 200; ++i) {
      switch (random() % 12) {
      case 0:
        b.clear();
        model.clear();
        break;
      case 1:
        b.shrink(4096); // gives back memory, never bytes
        break;
      case 2:
      case 3:
      case 4: {
        const auto more = noise(random, 3000);
        b.append(more);
        model += more;
        break;
      }
      case 5:
      case 6: { // as a socket fills it: more room than is used
        const auto more = noise(random, 1500);
        const auto space = b.prepare(more.size() + random() % 500);
        BOOST_REQUIRE_GE(space.size, more.size());
        std::ranges::copy(more, space.data);
        b.commit(more.size());
        model += more;
        break;
      }
      default: {
        const auto n = random() % 4 == 0 ? model.size() : random() % (model.size() + 1);
        b.consume(n);
        model.erase(0, n);
      }
      }
      BOOST_REQUIRE(b.bytes() == model);
      BOOST_REQUIRE_EQUAL(b.size(), model.size());
      BOOST_REQUIRE_EQUAL(b.empty(), model.empty());
      BOOST_REQUIRE(has_padding(b));
    }
  }
}

BOOST_AUTO_TEST_CASE(views_stay_good_while_bytes_are_consumed) {
  read_buffer b;
  b.append("head body next");
  const auto view = b.bytes();
  b.consume(5);
  b.consume(5);
  BOOST_TEST(view == "head body next");
  b.consume(4);
  BOOST_TEST(view == "head body next");
}

BOOST_AUTO_TEST_CASE(a_long_conversation_does_not_make_it_grow) {
  read_buffer b;
  const char* const first = b.prepare(1).data;
  for (int i = 0; i < 10'000; ++i) {
    b.append("a request of some fifty bytes, and a bit of the next");
    b.consume(b.size() > 400 ? b.size() - 3 : 49);
    const auto at = b.bytes().data();
    BOOST_REQUIRE(at >= first);
    BOOST_REQUIRE(at < first + 4096);
  }
}

BOOST_AUTO_TEST_CASE(what_a_large_message_needed_is_given_back_when_it_is_read) {
  read_buffer b;
  b.append(std::string(100'000, 'x'));
  b.consume(99'999);
  b.shrink(4096);
  BOOST_TEST(b.bytes() == "x");
  b.consume(1);
  b.shrink(4096);
  BOOST_TEST(b.prepare(1).size <= 4096U);
}

BOOST_AUTO_TEST_SUITE_END()
