#include "rollcall/cache/short_text.hpp"

#include "allocations.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

constexpr std::size_t lengths[] = {0, 1, 79, 86, 87, 88, 254, 255, 256, 1'000};

void write(short_text& to, std::string_view text) {
  std::ranges::copy(text, to.resize(text.size()));
}

short_text of(std::size_t length, char what) {
  short_text t;
  std::ranges::fill_n(t.resize(length), static_cast<std::ptrdiff_t>(length), what);
  return t;
}

BOOST_AUTO_TEST_SUITE(short_text_suite)

BOOST_AUTO_TEST_CASE(any_text_replaces_any_other) {
  BOOST_TEST(short_text().view() == "");
  for (const auto before : lengths)
    for (const auto after : lengths) {
      auto written = of(before, 'a');
      write(written, std::string(after, 'b'));
      BOOST_TEST(written.view() == std::string(after, 'b'));

      const auto source = of(after, 'c');
      auto copied = of(before, 'a');
      copied = source;
      BOOST_TEST(copied.view() == std::string(after, 'c'));
      BOOST_TEST(source.view() == std::string(after, 'c'));
      BOOST_TEST(short_text(source).view() == source.view());

      auto moved = of(before, 'a');
      auto from = of(after, 'd');
      moved = std::move(from);
      BOOST_TEST(moved.view() == std::string(after, 'd'));
      BOOST_TEST(from.view() == ""); // NOLINT(bugprone-use-after-move): that is the promise
      BOOST_TEST(short_text(std::move(moved)).view() == std::string(after, 'd'));
    }
}

BOOST_AUTO_TEST_CASE(assigned_to_itself_it_stays) {
  for (const auto length : lengths) {
    auto t = of(length, 'a');
    auto& same = t;
    t = same;
    BOOST_TEST(t.view() == std::string(length, 'a'));
    t = std::move(same);
    BOOST_TEST(t.view() == std::string(length, 'a'));
  }
}

BOOST_AUTO_TEST_CASE(only_long_text_takes_a_block_and_it_is_the_one_it_tells_of,
                     *boost::unit_test::enable_if<allocations_are_counted>()) {
  BOOST_TEST(sizeof(short_text) == short_text::most_within + 1);
  const auto start = allocations_of_this_thread().held;
  for (const auto length : lengths) {
    const auto before = allocations_of_this_thread();
    const auto t = of(length, 'a');
    const bool within = length <= short_text::most_within;
    BOOST_TEST(allocations_of_this_thread().count == before.count + (within ? 0 : 1));
    BOOST_TEST(t.block() == (within ? 0 : length));
  }
  BOOST_TEST(allocations_of_this_thread().held == start);
}

BOOST_AUTO_TEST_CASE(a_block_is_kept_for_what_fits_and_no_copy_has_one_without_need,
                     *boost::unit_test::enable_if<allocations_are_counted>()) {
  auto t = of(500, 'a');
  const auto before = allocations_of_this_thread().count;
  for (const auto length : {500U, 3U, 88U, 499U})
    write(t, std::string_view("0123456789").substr(0, length % 10));
  t.resize(500);
  BOOST_TEST(allocations_of_this_thread().count == before);
  write(t, "abc");
  BOOST_TEST(short_text(t).block() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
