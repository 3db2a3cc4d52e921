#include "rollcall/redis/trouble.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <string_view>

namespace redis = rollcall::redis;
using redis::trouble;
using redis::trouble_of;

BOOST_AUTO_TEST_SUITE(redis_trouble)

namespace {

trouble nth(std::size_t n) {
  return static_cast<trouble>(n);
}

} // namespace

BOOST_AUTO_TEST_CASE(every_kind_has_a_label_of_its_own) {
  std::set<std::string_view> labels;
  for (std::size_t i = 1; i <= redis::troubles; ++i) {
    const auto label = redis::to_string(nth(i));
    BOOST_TEST(!label.empty());
    BOOST_TEST(labels.insert(label).second);
    std::string word(label);
    for (auto& c : word) {
      c = static_cast<char>(c - 'a' + 'A');
    }
    BOOST_TEST((trouble_of(word + " and why") == nth(i)), word); // OTHER too is none that is known
  }
}

BOOST_AUTO_TEST_CASE(errors_as_redis_words_them) {
  BOOST_TEST((trouble_of("LOADING Redis is loading the dataset in memory") == trouble::loading));
  BOOST_TEST((trouble_of("OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:1.") ==
              trouble::oom));
  BOOST_TEST((trouble_of("ERR Error running script (call to f_1): @user_script:3: -READONLY You can't write against a "
                         "read only replica.") == trouble::readonly));
  BOOST_TEST((trouble_of("BUSY Redis is busy running a script.") == trouble::busy));
  BOOST_TEST((trouble_of("MOVED 3999 127.0.0.1:6381") == trouble::moved));
  BOOST_TEST((trouble_of("ERR unknown command") == trouble::other));
  BOOST_TEST((trouble_of("BUSYGROUP Consumer Group name already exists") == trouble::other));
  BOOST_TEST((trouble_of("") == trouble::other));
}

BOOST_AUTO_TEST_CASE(a_server_that_still_reads_is_worth_asking) {
  for (auto t : {trouble::oom, trouble::readonly, trouble::misconf, trouble::noreplicas, trouble::noperm,
                 trouble::moved, trouble::noscript, trouble::wrongtype, trouble::other}) {
    BOOST_TEST(!redis::is_general(t), redis::to_string(t));
  }
  for (auto t : {trouble::loading, trouble::busy, trouble::masterdown, trouble::clusterdown, trouble::noauth,
                 trouble::wrongpass}) {
    BOOST_TEST(redis::is_general(t), redis::to_string(t));
  }
}

BOOST_AUTO_TEST_SUITE_END()
