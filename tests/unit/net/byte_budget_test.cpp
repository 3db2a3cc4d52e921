#include "rollcall/net/byte_budget.hpp"
#include "rollcall/net/outbox.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace rollcall::net;

BOOST_AUTO_TEST_SUITE(bytes)

BOOST_AUTO_TEST_CASE(what_is_held_counts_once_and_until_it_is_given_back) {
  byte_budget all(100);
  held_bytes one(&all);
  one.hold(60);
  one.hold(40);
  {
    held_bytes two(&all);
    two.hold(50);
    BOOST_TEST(all.used() == 90U);
    held_bytes taken(std::move(two));
    taken.hold(60);
    BOOST_TEST(all.used() == 100U);
    BOOST_TEST(all.spent());
    one = std::move(taken);
    BOOST_TEST(all.used() == 60U);
  }
  BOOST_TEST(all.used() == 60U);
  one.hold(0);
  BOOST_TEST(all.used() == 0U);
  held_bytes nobodys;
  nobodys.hold(10);
  BOOST_TEST(nobodys.count() == 0U);
}

BOOST_AUTO_TEST_CASE(news_are_told_once_and_not_taken_back_at_once) {
  byte_budget all(100);
  BOOST_TEST(!all.is_news(false));
  all.add(100);
  BOOST_TEST(all.is_news(true));
  BOOST_TEST(!all.is_news(true));
  all.subtract(10);
  BOOST_TEST(!all.spent());
  BOOST_TEST(!all.has_room());
  all.subtract(20);
  BOOST_TEST(all.has_room());
}

BOOST_AUTO_TEST_CASE(an_outbox_holds_what_nobody_else_can_free) {
  outbox out;
  BOOST_TEST(out.held() < 1024U);
  const auto list = std::make_shared<std::string>(100'000, 'x');
  for (int i = 0; i < 5; ++i) // five answers with the same list are one list
    out.append_shared(*list, list);
  BOOST_TEST(out.held() >= 100'000U);
  BOOST_TEST(out.held() < 110'000U);
  out.append(std::string(50'000, 'y'));
  BOOST_TEST(out.held() >= 150'000U);
  const auto other = std::make_shared<std::string>(30'000, 'x');
  out.append_shared(*other, other);
  BOOST_TEST(out.held() >= 180'000U);
  out.append_shared(*other, nullptr);
  BOOST_TEST(out.held() >= 210'000U);
  out.consume(500'000);
  BOOST_TEST(out.held() < 200'000U);
}

BOOST_AUTO_TEST_SUITE_END()
