#include "load/judge.hpp"
#include "load/questions.hpp"

#include <boost/test/unit_test.hpp>
#include <libdeflate.h>

#include <memory>
#include <string>

namespace {

using namespace rollcall;
using namespace rollcall::load;

std::string gzipped(std::string_view body) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> c(libdeflate_alloc_compressor(1),
                                                                                   libdeflate_free_compressor);
  std::string member(libdeflate_gzip_compress_bound(c.get(), body.size()), '\0');
  member.resize(libdeflate_gzip_compress(c.get(), body.data(), body.size(), member.data(), member.size()));
  return member;
}

struct house {
  explicit house(std::size_t most_kept = std::size_t{1} << 20) : questions(most_kept) {
    ask_for_lists(questions, people, true);
  }
  [[nodiscard]] std::string list(std::size_t room) const {
    return standin::render_room(people.options(), people.room(room), standin::naming::first);
  }
  /// As the stand-in renders it after the write that made this version.
  [[nodiscard]] std::string list_at(std::uint32_t version, std::size_t room) const {
    standin::changes made;
    const auto id = people.room(room);
    const auto name = "wxid_bench" + id.substr(0, id.find('@')) + "v" + std::to_string(version);
    made.joined.push_back(
        standin::newcomer(people.options(), name, standin::account_of(people.options(), people.w_id(room))));
    return standin::render_room(people.options(), id, standin::naming::first, made);
  }
  verdict look(std::string_view body, bool gzip = false, asked q = {}) {
    answer_head head;
    head.gzip = gzip;
    return of.look(q, head, body);
  }

  town people{2, 2, {.rooms = {standin::room_sizes::kind::fixed, 3}}, 1};
  catalogue questions;
  versions changes{4, 0};
  judge of{questions, &people, &changes};
};

BOOST_AUTO_TEST_SUITE(judges)

BOOST_AUTO_TEST_CASE(only_the_very_bytes_of_the_room_are_right_kept_or_hashed) {
  for (const std::size_t most_kept : {std::size_t{1} << 20, std::size_t{0}}) {
    house h(most_kept);
    const auto right = h.list(0);
    BOOST_TEST((h.look(right) == verdict::right));
    BOOST_TEST((h.look(h.list(1)) == verdict::wrong)); // another bot's, of another size perhaps
    BOOST_TEST((h.look("") == verdict::wrong));
    for (const std::size_t at : {std::size_t{0}, right.size() / 2, right.size() - 2, right.size() - 1}) {
      auto bent = right;
      bent[at] = static_cast<char>(bent[at] ^ 1);
      BOOST_TEST((h.look(bent) == verdict::wrong));
    }
    BOOST_TEST((h.look(right + "\n") == verdict::wrong));
  }
}

BOOST_AUTO_TEST_CASE(without_knowledge_of_the_room_any_answer_is_right) {
  catalogue questions;
  questions.add({.path = "/x", .body = "{}"}, "");
  judge of(questions, nullptr, nullptr);
  BOOST_TEST((of.look({}, {}, "anything") == verdict::right));
}

BOOST_AUTO_TEST_CASE(compressed_answers_are_known_by_their_trailer) {
  house h;
  const auto right = gzipped(h.list(0));
  for (int i = 0; i < 200; ++i) {
    BOOST_TEST((h.look(right, true) == verdict::right));
  }
  auto of_the_same_size = h.list(0);
  of_the_same_size[100] ^= 1;
  for (int i = 0; i < 64; ++i) {
    BOOST_TEST((h.look(gzipped(of_the_same_size), true) == verdict::wrong));
  }
  BOOST_TEST((h.look(gzipped(h.list(1)), true) == verdict::wrong));
  BOOST_TEST((h.look(h.list(0), true) == verdict::wrong));
  BOOST_TEST((h.look("\x1f\x8b", true) == verdict::wrong));
}

BOOST_AUTO_TEST_CASE(one_compressed_answer_in_64_is_inflated) {
  house h;
  auto broken = gzipped(h.list(0));
  broken[broken.size() / 2] = static_cast<char>(~broken[broken.size() / 2]);
  int found = 0;
  for (int i = 0; i < 640; ++i) {
    found += h.look(broken, true) == verdict::wrong ? 1 : 0;
  }
  BOOST_TEST(found == 10);
}

BOOST_AUTO_TEST_CASE(after_a_confirmed_write_the_list_without_it_is_outdated) {
  house h;
  const auto before = h.list(0);
  const auto after = h.list_at(1, 0);
  h.changes.begin_write(0);
  const asked early{.version = h.changes.oldest(0, 1)};
  BOOST_TEST((h.look(before, false, early) == verdict::right)); // under way: either is right
  BOOST_TEST((h.look(after, false, early) == verdict::right));
  BOOST_TEST((h.look(gzipped(after), true, early) == verdict::right));
  h.changes.confirm(0, 1);
  const asked late{.version = h.changes.oldest(0, 2)};
  BOOST_TEST((h.look(before, false, early) == verdict::right)); // asked before, answered after
  BOOST_TEST((h.look(before, false, late) == verdict::outdated));
  BOOST_TEST((h.look(gzipped(before), true, late) == verdict::outdated));
  BOOST_TEST((h.look(after, false, late) == verdict::right));
  h.changes.begin_write(0);
  h.changes.confirm(0, 3);
  const asked last{.version = h.changes.oldest(0, 4)};
  BOOST_TEST((h.look(after, false, last) == verdict::outdated));
  BOOST_TEST((h.look(before, false, last) == verdict::right));
  BOOST_TEST((h.look(h.list_at(3, 0), false, last) == verdict::wrong)); // has not happened
}

BOOST_AUTO_TEST_CASE(a_write_is_right_when_it_is_confirmed) {
  house h;
  const asked write{.what = asked::kind::write};
  BOOST_TEST((h.look(R"({"message":"成功","code":"1000","data":null})", false, write) == verdict::right));
  BOOST_TEST((h.look(R"({"msg":"","code":1000,"data":null})", false, write) == verdict::right));
  BOOST_TEST((h.look(R"({"message":"失败","code":"1001","data":null})", false, write) == verdict::wrong));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
