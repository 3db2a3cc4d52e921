#include "rollcall/cache/remembered.hpp"

#include "entries.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace rollcall::cache;
using rollcall::test::at;
using notes = remembered<std::string>;

identity room(int n, std::string_view w_id = "w") {
  return {"-", "wcId", w_id, std::to_string(n) + "@chatroom"};
}

notes::note said(std::string text, time_point when = at(0)) {
  return {std::make_shared<const std::string>(std::move(text)), when};
}

void note(notes& n, const identity& id, time_point now = at(0), std::size_t bytes = 10) {
  n.remember(id, said("no"), now, now + milliseconds(3'000), bytes, n.stamp());
}

} // namespace

BOOST_AUTO_TEST_SUITE(remembered_suite)

BOOST_AUTO_TEST_CASE(a_failure_is_remembered_until_its_time_is_over) {
  notes n;
  BOOST_TEST(!n.find(room(1), at(0)));
  n.remember(room(1), said("no such room", at(7)), at(10), at(3'010), 12, n.stamp());
  BOOST_TEST(!n.find(room(2), at(10)));
  const auto found = n.find(room(1), at(3'009));
  BOOST_TEST_REQUIRE(found.has_value());
  BOOST_TEST(*found->what == "no such room");
  BOOST_TEST((found->asked_at == at(7)));
  BOOST_TEST(!n.find(room(1), at(3'010)));
  n.forget(room(1));
  BOOST_TEST(!n.find(room(1), at(11)));
  BOOST_TEST(n.size() == 0u);
  BOOST_TEST(n.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(a_purge_forgets_what_it_covers_and_keeps_out_what_was_asked_before) {
  notes n;
  note(n, room(1));
  note(n, room(1, "other"));
  note(n, room(2));
  const auto before = n.stamp();
  n.purge(scope::of("w", "1@chatroom"));
  BOOST_TEST(!n.find(room(1), at(1)));
  BOOST_TEST(n.find(room(1, "other"), at(1)).has_value());
  BOOST_TEST(n.find(room(2), at(1)).has_value());
  n.remember(room(1), said("late"), at(1), at(3'000), 4, before);
  BOOST_TEST(!n.find(room(1), at(1)));
  n.remember(room(2), said("of another room"), at(1), at(3'000), 4, before);
  BOOST_TEST(*n.find(room(2), at(1))->what == "of another room");
  n.remember(room(1), {nullptr, at(1)}, at(1), at(3'000), 0, before);
  BOOST_TEST(n.find(room(1), at(1)).has_value(), "that it failed says nothing that could be purged");
  note(n, room(1));
  BOOST_TEST(n.find(room(1), at(1)).has_value());
  n.purge(scope::account("w"));
  BOOST_TEST(n.size() == 1u);
  n.purge(scope::room("1@chatroom"));
  BOOST_TEST(n.size() == 0u);
  BOOST_TEST(n.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(after_many_purges_older_questions_count_as_purged) {
  notes n;
  const auto before = n.stamp();
  for (int i = 0; i < 256; ++i)
    n.purge(scope::room(std::to_string(i)));
  n.remember(room(1), said("no"), at(1), at(3'000), 4, before);
  BOOST_TEST(n.find(room(1), at(1)).has_value());
  n.forget(room(1));
  n.purge(scope::room("one more"));
  n.remember(room(1), said("no"), at(1), at(3'000), 4, before);
  BOOST_TEST(!n.find(room(1), at(1)));
  n.remember(room(1), said("no"), at(1), at(3'000), 4, n.stamp());
  BOOST_TEST(n.find(room(1), at(1)).has_value());
}

BOOST_AUTO_TEST_CASE(it_is_bounded_in_number_and_bytes) {
  notes n({.notes = 64, .bytes = 64 * 1024, .bytes_of_one = 1024});
  note(n, room(0), at(0), 1025);
  BOOST_TEST(n.size() == 0u, "too large");
  for (int i = 0; i < 10'000; ++i) {
    note(n, room(i));
    BOOST_TEST_REQUIRE(n.size() <= 64u);
  }
  BOOST_TEST(n.find(room(9'999), at(1)).has_value(), "the latest stay");
  for (int i = 0; i < 1'000; ++i) {
    note(n, room(i), at(0), 1000);
    BOOST_TEST_REQUIRE(n.bytes() <= 64u * 1024u);
  }
  for (int i = 0; i < 10'000; ++i)
    note(n, room(5)); // again and again
  BOOST_TEST(n.size() <= 64u);
  for (int i = 0; i < 1'000; ++i)
    note(n, room(i), at(100'000));
  n.purge(scope::account("w"));
  BOOST_TEST(n.bytes() == 0u, "nothing is counted twice");
}

BOOST_AUTO_TEST_CASE(what_has_expired_makes_room_by_itself) {
  notes n;
  for (int i = 0; i < 1'000; ++i)
    note(n, room(i), at(0));
  for (int i = 0; i < 200; ++i)
    note(n, room(i), at(10'000));
  BOOST_TEST(n.size() == 200u);
}

BOOST_AUTO_TEST_CASE(what_was_noted_again_does_not_keep_others_that_have_expired) {
  notes n;
  for (int i = 0; i < 200; ++i)
    note(n, room(i), at(0));
  for (int i = 0; i < 100; ++i)
    note(n, room(i), at(2'900));
  for (int i = 200; i < 400; ++i)
    note(n, room(i), at(4'000));
  BOOST_TEST(n.size() == 300u);
}

BOOST_AUTO_TEST_CASE(threads_may_use_it_together) {
  notes n({.notes = 256, .bytes = 1 << 20, .bytes_of_one = 1024});
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&n, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 20'000; ++i) {
        const auto id = room(static_cast<int>(random() % 500));
        if (random() % 100 == 0)
          n.purge(scope::room(std::to_string(random() % 500) + "@chatroom"));
        else if (random() % 3 == 0)
          note(n, id, at(i));
        else if (const auto found = n.find(id, at(i)); found && *found->what != "no")
          std::abort();
      }
    });
  for (auto& t : threads)
    t.join();
  n.purge(scope::account("w"));
  BOOST_TEST(n.size() == 0u);
  BOOST_TEST(n.bytes() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
