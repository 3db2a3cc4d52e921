#include "load/moments.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace rollcall::load;

BOOST_AUTO_TEST_SUITE(tenths_of_a_second)

BOOST_AUTO_TEST_CASE(a_question_counts_in_the_moment_in_which_it_was_due) {
  moments counted;
  counted.at(0).add({.requests = 1, .worst = 5, .worst_hit = 3});
  counted.at(moments::length - 1).add({.requests = 1, .wrong = 1, .worst = 4});
  counted.at(3 * moments::length).add({.errors = 1});
  counted.at(-1).add({.requests = 1}); // a clock that two threads do not read alike
  BOOST_REQUIRE(counted.all().size() == 4U);
  BOOST_TEST(counted.all()[0].requests == 3U);
  BOOST_TEST(counted.all()[0].wrong == 1U);
  BOOST_TEST(counted.all()[0].worst == 5);
  BOOST_TEST(counted.all()[0].worst_hit == 3);
  BOOST_TEST(counted.all()[1].requests == 0U);
  BOOST_TEST(counted.all()[3].errors == 1U);
}

BOOST_AUTO_TEST_CASE(workers_are_put_together_whichever_saw_more) {
  moments all;
  moments one;
  moments other;
  one.at(0).add({.requests = 2, .worst = 7});
  other.at(0).add({.requests = 3, .worst = 9, .worst_hit = 9});
  other.at(2 * moments::length).add({.errors = 4});
  all.add(one);
  all.add(other);
  all.add(moments());
  BOOST_REQUIRE(all.all().size() == 3U);
  BOOST_TEST(all.all()[0].requests == 5U);
  BOOST_TEST(all.all()[0].worst == 9);
  BOOST_TEST(all.all()[2].errors == 4U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
