#include "rollcall/net/listening.hpp"
#include "rollcall/net/passing.hpp"

#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace rollcall::net;

struct line {
  line() {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    a = descriptor(ends[0]);
    b = descriptor(ends[1]);
  }
  descriptor a;
  descriptor b;
};

std::string own_name(std::string_view what) {
  return std::string(what) + " " + std::to_string(::getpid());
}

} // namespace

BOOST_AUTO_TEST_SUITE(passing)

BOOST_AUTO_TEST_CASE(sockets_that_are_passed_on_are_the_same_and_stay_open_here_too) {
  line l;
  const auto port = open_port("127.0.0.1", 0);
  const std::array numbers{port.get(), port.get()};
  BOOST_TEST(!send_message(l.a.get(), "two", numbers));
  const auto got = receive_message(l.b.get());
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->text == "two");
  BOOST_REQUIRE(got->sockets.size() == 2U);
  for (const auto& s : got->sockets) {
    BOOST_TEST(s.get() != port.get());
    BOOST_TEST(listens_at(s.get(), "127.0.0.1", port_of(port.get())));
    BOOST_TEST((::fcntl(s.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

BOOST_AUTO_TEST_CASE(messages_keep_their_bounds_and_an_end_is_told) {
  line l;
  BOOST_TEST(!send_message(l.a.get(), "one"));
  BOOST_TEST(!send_message(l.a.get(), std::string(message_most, 'x')));
  l.a.close();
  BOOST_TEST(receive_message(l.b.get()).value().text == "one");
  BOOST_TEST(receive_message(l.b.get()).value().text.size() == message_most);
  BOOST_TEST((receive_message(l.b.get()).error() == boost::asio::error::eof));
}

BOOST_AUTO_TEST_CASE(a_message_that_is_too_long_is_an_error) {
  line l;
  const std::string text(message_most + 1, 'x');
  BOOST_TEST(::send(l.a.get(), text.data(), text.size(), 0) > 0);
  BOOST_TEST((receive_message(l.b.get()).error() == boost::asio::error::message_size));
  BOOST_TEST((receive_message(l.b.get()).error() == boost::asio::error::would_block));
}

BOOST_AUTO_TEST_CASE(a_name_has_one_owner_whom_the_kernel_names) {
  const auto name = own_name("rollcall unit test");
  BOOST_TEST((connect_to(name, 1s).error() == boost::asio::error::connection_refused));
  {
    const auto door = listen_as(name);
    BOOST_REQUIRE(door.has_value());
    BOOST_TEST((listen_as(name).error() == boost::asio::error::address_in_use));
    const auto come = connect_to(name, 1s);
    BOOST_REQUIRE(come.has_value());
    const auto who = peer_of(come->get());
    BOOST_REQUIRE(who.has_value());
    BOOST_TEST(who->process == ::getpid());
    BOOST_TEST(who->user == ::geteuid());
  }
  BOOST_TEST((connect_to(name, 1s).error() == boost::asio::error::connection_refused));
  BOOST_TEST(listen_as(name).has_value());
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_waited_for_for_so_long) {
  const auto name = own_name("rollcall silent");
  const auto door = listen_as(name);
  const auto come = connect_to(name, 50ms);
  const auto began = steady_clock::now();
  BOOST_TEST((receive_message(come->get()).error() == boost::asio::error::would_block));
  const auto took = steady_clock::now() - began;
  BOOST_TEST((took >= 45ms && took < 5s));
}

BOOST_AUTO_TEST_CASE(a_name_that_is_none_is_refused) {
  BOOST_TEST((listen_as("").error() == boost::asio::error::name_too_long));
  BOOST_TEST((connect_to(std::string(108, 'x'), 1s).error() == boost::asio::error::name_too_long));
}

BOOST_AUTO_TEST_CASE(what_does_not_listen_there_is_told_apart) {
  const auto port = open_port("127.0.0.1", 0);
  const auto number = port_of(port.get());
  BOOST_TEST(listens_at(port.get(), "127.0.0.1", number));
  BOOST_TEST(!listens_at(port.get(), "0.0.0.0", number));
  BOOST_TEST(!listens_at(port.get(), "127.0.0.1", static_cast<std::uint16_t>(number ^ 1)));
  BOOST_TEST(!listens_at(port.get(), "nonsense", number));
  const descriptor quiet(::socket(AF_INET, SOCK_STREAM, 0));
  BOOST_TEST(!listens_at(quiet.get(), "0.0.0.0", 0));
  line l;
  BOOST_TEST(!listens_at(l.a.get(), "127.0.0.1", number));
  BOOST_TEST(!listens_at(0, "127.0.0.1", number));
}

BOOST_AUTO_TEST_SUITE_END()
