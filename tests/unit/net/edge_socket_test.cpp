// What is known of a socket's readiness, with a pair of connected sockets and edges told by hand.
#include "rollcall/net/edge_socket.hpp"

#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(net_edge_socket)

namespace {

using rollcall::net::descriptor;
using rollcall::net::edge_socket;

struct connected {
  connected() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ours = edge_socket(descriptor(ends[0]));
    theirs = descriptor(ends[1]);
  }
  void send(std::string_view text) const {
    BOOST_REQUIRE_EQUAL(::send(theirs.get(), text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }
  std::string read(std::size_t most) {
    std::string to(most, '\0');
    const auto n = ours.read(to);
    BOOST_REQUIRE(n.has_value());
    to.resize(*n);
    return to;
  }

  edge_socket ours;
  descriptor theirs;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(it_is_readable_when_an_edge_says_so, connected) {
  BOOST_TEST(!ours.readable());
  ours.note(EPOLLOUT);
  BOOST_TEST(!ours.readable());
  ours.note(EPOLLIN | EPOLLOUT);
  BOOST_TEST(ours.readable());
}

BOOST_FIXTURE_TEST_CASE(a_read_that_filled_its_room_may_have_left_something, connected) {
  send("abcdef");
  ours.note(EPOLLIN);
  BOOST_TEST(read(4) == "abcd");
  BOOST_TEST(ours.readable());
  BOOST_TEST(read(4) == "ef"); // less than there was room for: the next edge tells of more
  BOOST_TEST(!ours.readable());
}

BOOST_FIXTURE_TEST_CASE(with_nothing_to_read_it_would_block, connected) {
  ours.note(EPOLLIN);
  std::array<char, 4> to;
  const auto n = ours.read(to);
  BOOST_TEST_REQUIRE(!n.has_value());
  BOOST_TEST((n.error() == boost::asio::error::would_block));
  BOOST_TEST(!ours.readable());
}

// The end and the bytes before it may come in one edge. No other will tell of it.
BOOST_FIXTURE_TEST_CASE(an_end_that_came_with_bytes_is_still_to_be_read_after_them, connected) {
  send("last");
  ours.note(EPOLLIN | EPOLLRDHUP);
  BOOST_TEST(read(100) == "last");
  BOOST_TEST(ours.readable());
  theirs.close();
  BOOST_TEST(read(100) == "");
  BOOST_TEST(!ours.is_gone());
}

BOOST_FIXTURE_TEST_CASE(a_hang_up_is_for_good, connected) {
  ours.note(EPOLLIN | EPOLLRDHUP | EPOLLHUP);
  BOOST_TEST(ours.is_gone());
  ours.note(EPOLLIN);
  BOOST_TEST(ours.is_gone());
}

BOOST_FIXTURE_TEST_CASE(parts_leave_in_order_until_the_kernel_takes_no_more, connected) {
  std::string head = "head ";
  std::string body = "body";
  const std::array<iovec, 2> parts{{{head.data(), head.size()}, {body.data(), body.size()}}};
  BOOST_TEST(*ours.write(parts) == 9U);
  std::string got(9, '\0');
  BOOST_TEST(::recv(theirs.get(), got.data(), got.size(), 0) == 9);
  BOOST_TEST(got == "head body");

  std::string much(1 << 16, 'x');
  const std::array<iovec, 1> one{{{much.data(), much.size()}}};
  auto n = ours.write(one);
  for (int i = 0; n && i < 1000; ++i)
    n = ours.write(one);
  BOOST_TEST_REQUIRE(!n.has_value());
  BOOST_TEST((n.error() == boost::asio::error::would_block));
}

BOOST_FIXTURE_TEST_CASE(writing_to_nobody_is_an_error_and_no_signal, connected) {
  theirs.close();
  char c = 'x';
  const std::array<iovec, 1> one{{{&c, 1}}};
  const auto n = ours.write(one);
  BOOST_TEST_REQUIRE(!n.has_value());
  BOOST_TEST((n.error() != boost::asio::error::would_block));
}

BOOST_AUTO_TEST_SUITE_END()
