#include "rollcall/upstream/address_book.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using rollcall::upstream::address_book;
namespace net = rollcall::net;

const address_book::time_point start{1000h};

net::tcp::endpoint at(const char* address) {
  return {net::asio::ip::make_address(address), 80};
}
const auto a = at("10.0.0.1");
const auto b = at("10.0.0.2");
const auto c = at("::1");
using list = address_book::addresses;

BOOST_AUTO_TEST_SUITE(address_book_suite)

BOOST_AUTO_TEST_CASE(it_is_looked_up_once_at_a_time_and_again_when_it_is_too_old) {
  address_book book;
  BOOST_TEST(book.should_look_up(start, 30s));
  BOOST_TEST(!book.should_look_up(start, 30s)); // that is under way
  book.found(start, {a});
  BOOST_TEST(!book.should_look_up(start + 30s - 1ms, 30s));
  BOOST_TEST(book.should_look_up(start + 30s, 30s));
  BOOST_TEST((book.to_try() == list{a})); // to be used meanwhile
  BOOST_TEST(!book.should_look_up(start + 1h, 30s));
}

BOOST_AUTO_TEST_CASE(old_addresses_are_kept_while_look_ups_fail) {
  address_book book;
  book.found(start, {a, b});
  BOOST_TEST(book.should_look_up(start + 30s, 30s));
  book.failed(start + 31s);
  BOOST_TEST((book.to_try() == list{a, b}));
  BOOST_TEST(!book.should_look_up(start + 60s, 30s));
  BOOST_TEST(book.should_look_up(start + 61s, 30s));
}

BOOST_AUTO_TEST_CASE(as_long_as_nothing_is_known_each_call_asks) {
  address_book book;
  BOOST_TEST(book.should_look_up(start, 30s));
  book.failed(start);
  BOOST_TEST(book.should_look_up(start, 30s));
}

BOOST_AUTO_TEST_CASE(what_is_gone_is_told) {
  address_book book;
  BOOST_TEST(book.found(start, {a, b}).empty());
  BOOST_TEST((book.found(start, {c, b}) == list{a}));
  BOOST_TEST((book.to_try() == list{c, b}));
}

BOOST_AUTO_TEST_CASE(the_one_that_took_a_connection_is_tried_first) {
  address_book book;
  book.found(start, {a, b, c});
  book.worked(b);
  BOOST_TEST((book.to_try() == list{b, c, a}));
  book.worked(at("10.9.9.9")); // gone meanwhile
  BOOST_TEST((book.to_try() == list{b, c, a}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
