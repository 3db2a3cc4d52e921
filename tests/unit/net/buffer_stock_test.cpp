// What connections borrow from their thread.
#include "rollcall/net/buffer_stock.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(net_buffer_stock)

namespace {

using rollcall::net::buffer_stock;
using rollcall::net::read_buffer;

void fill(read_buffer& b, const std::string& text) {
  b.append(text);
}

} // namespace

BOOST_AUTO_TEST_CASE(what_was_put_back_is_taken_again) {
  buffer_stock stock;
  auto b = stock.take();
  const auto* const set = b.get();
  fill(b->in, "request");
  const auto* const storage = b->in.bytes().data();
  b->in.consume(7);
  BOOST_TEST(b->empty());
  stock.put_back(std::move(b));
  b = stock.take();
  BOOST_TEST(b.get() == set);
  fill(b->in, "another");
  BOOST_TEST(static_cast<const void*>(b->in.bytes().data()) == static_cast<const void*>(storage));
}

BOOST_AUTO_TEST_CASE(two_at_work_have_one_each) {
  buffer_stock stock;
  const auto a = stock.take();
  const auto b = stock.take();
  BOOST_TEST(a.get() != b.get());
}

BOOST_AUTO_TEST_CASE(a_read_has_its_room_from_the_start) {
  buffer_stock stock;
  for (int i = 0; i < 3; ++i) {
    auto b = stock.take();
    BOOST_TEST(b->in.capacity() >= buffer_stock::read_most);
    stock.put_back(std::move(b));
  }
}

BOOST_AUTO_TEST_CASE(half_a_request_does_not_hold_a_large_buffer) {
  buffer_stock stock;
  auto b = stock.take();
  fill(b->in, "POST /getCh");
  stock.thin(*b);
  BOOST_TEST(b->in.bytes() == "POST /getCh");
  BOOST_TEST(b->in.capacity() <= 2048U);
  fill(b->in, "atRoomMember");
  stock.thin(*b);
  BOOST_TEST(b->in.bytes() == "POST /getChatRoomMember");
}

BOOST_AUTO_TEST_CASE(much_of_a_request_stays_where_it_is) {
  buffer_stock stock;
  auto b = stock.take();
  const std::string much(10'000, 'x');
  fill(b->in, much);
  const auto* const storage = b->in.bytes().data();
  stock.thin(*b);
  BOOST_TEST(static_cast<const void*>(b->in.bytes().data()) == static_cast<const void*>(storage));
  BOOST_TEST(b->in.bytes() == much);
}

BOOST_AUTO_TEST_CASE(what_a_large_message_needed_is_given_back) {
  buffer_stock stock;
  auto b = stock.take();
  fill(b->in, std::string(1 << 20, 'x'));
  fill(b->body, std::string(1 << 20, 'x'));
  b->kept_head.assign(1 << 20, 'x');
  b->in.clear();
  b->body.clear();
  stock.put_back(std::move(b));
  b = stock.take();
  BOOST_TEST(b->in.capacity() == buffer_stock::read_most);
  BOOST_TEST(b->body.capacity() == 0U);
  BOOST_TEST(b->kept_head.capacity() <= buffer_stock::read_most);
}

BOOST_AUTO_TEST_CASE(a_crowd_that_was_at_work_at_once_is_not_kept) {
  buffer_stock stock;
  std::vector<std::unique_ptr<rollcall::net::session_buffers>> crowd;
  for (int i = 0; i < 100; ++i)
    crowd.push_back(stock.take());
  for (auto& each : crowd) {
    each->kept_head = "seen before";
    stock.put_back(std::move(each));
  }
  std::size_t kept = 0;
  for (auto& each : crowd) {
    each = stock.take();
    kept += each->kept_head.empty() ? 0 : 1;
  }
  BOOST_TEST(kept > 0U);
  BOOST_TEST(kept < 100U);
}

BOOST_AUTO_TEST_SUITE_END()
