#include "rollcall/cache/entry.hpp"

#include "allocations.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace rollcall::cache;

constexpr std::size_t limit = 1 << 20;

std::string member_list(int members) {
  std::mt19937_64 random(11);
  std::string body = R"({"message":"成功","code":"1000","data":[)";
  for (int i = 0; i < members; ++i)
    body += R"({"userName":"wxid_)" + std::to_string(random()) + R"(","nickName":"Gun🦑","displayName":null},)";
  body.back() = ']';
  return body + "}";
}

void claim(std::string& member, std::uint32_t size) {
  for (std::size_t i = 0; i < 4; ++i, size >>= 8)
    member[member.size() - 4 + i] = static_cast<char>(size);
}

BOOST_AUTO_TEST_SUITE(gzip_suite)

BOOST_AUTO_TEST_CASE(what_goes_in_comes_out) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 300; ++i) {
    std::string body(random() % (i % 10 == 0 ? 300'000 : 3'000), '\0');
    const auto letters = random() % 255 + 1;
    for (auto& c : body)
      c = static_cast<char>(random() % letters);
    std::string back = "left over";
    BOOST_REQUIRE(gzip_expand(gzip_compress(body), limit, back));
    BOOST_REQUIRE((back == body));
  }
}

BOOST_AUTO_TEST_CASE(member_lists_shrink_to_less_than_half) {
  const auto body = member_list(500);
  BOOST_TEST(gzip_compress(body).size() < body.size() / 2);
}

BOOST_AUTO_TEST_CASE(the_limit_is_exact) {
  const auto body = member_list(50);
  const auto member = gzip_compress(body);
  std::string back;
  BOOST_TEST(gzip_expand(member, body.size(), back));
  BOOST_TEST(!gzip_expand(member, body.size() - 1, back));
  BOOST_TEST(!gzip_expand(member, 0, back));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const auto member = gzip_compress(member_list(60));
  std::string back;
  for (std::size_t size = 0; size < member.size(); ++size)
    BOOST_REQUIRE(!gzip_expand(std::string_view(member).substr(0, size), limit, back));
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_never_changes_the_body) {
  const auto body = member_list(40);
  const auto member = gzip_compress(body);
  int refused = 0;
  std::string back;
  for (std::size_t bit = 0; bit < member.size() * 8; ++bit) {
    auto bad = member;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    if (!gzip_expand(bad, limit, back))
      ++refused;
    else // bits that mean nothing: the header's time and system, the padding after the last block
      BOOST_REQUIRE((back == body));
  }
  BOOST_TEST(refused > static_cast<int>(member.size() - 11) * 8);
}

BOOST_AUTO_TEST_CASE(nothing_may_follow_the_member) {
  const auto member = gzip_compress(member_list(40));
  std::string back;
  BOOST_TEST(!gzip_expand(member + '\0', limit, back));
  BOOST_TEST(!gzip_expand(member + "garbage", limit, back));
  BOOST_TEST(!gzip_expand(member + member, limit, back));
  BOOST_TEST(!gzip_expand(member + gzip_compress(""), limit, back));
  // Garbage whose end claims the right size.
  BOOST_TEST(!gzip_expand(member + std::string(member).substr(member.size() - 4), limit, back));
}

BOOST_AUTO_TEST_CASE(a_bomb_is_refused_without_being_expanded) {
  const auto bomb = gzip_compress(std::string(64 << 20, '\0'));
  std::string back;
  const auto before = rollcall::test::allocations_of_this_thread().held;
  BOOST_TEST(!gzip_expand(bomb, limit, back));
  auto lying = bomb;
  claim(lying, 1'000);
  BOOST_TEST(!gzip_expand(lying, limit, back));
  claim(lying, limit);
  BOOST_TEST(!gzip_expand(lying, limit, back));
  BOOST_TEST(rollcall::test::allocations_of_this_thread().held - before < std::int64_t{2 * limit});
}

BOOST_AUTO_TEST_CASE(a_false_claim_about_the_size_is_refused_and_gets_no_memory) {
  const auto body = member_list(3);
  auto member = gzip_compress(body);
  std::string back;
  BOOST_REQUIRE(gzip_expand(member, limit, back));
  std::string fresh;
  const auto before = rollcall::test::allocations_of_this_thread().held;
  for (const std::uint32_t size : {0U, 1U, static_cast<std::uint32_t>(body.size()) - 1,
                                   static_cast<std::uint32_t>(body.size()) + 1, 0x7fffffffU, 0xffffffffU}) {
    claim(member, size);
    BOOST_TEST(!gzip_expand(member, std::size_t{1} << 40, fresh));
  }
  BOOST_TEST(rollcall::test::allocations_of_this_thread().held - before <
             static_cast<std::int64_t>(member.size() * 1032 + 100));
}

BOOST_AUTO_TEST_CASE(noise_is_refused) {
  std::mt19937_64 random(13);
  std::string back;
  for (int i = 0; i < 20'000; ++i) {
    std::string noise(random() % 100, '\0');
    for (auto& c : noise)
      c = static_cast<char>(random());
    if (i % 2 == 0 && noise.size() > 20) {
      noise.replace(0, 10, std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
      claim(noise, static_cast<std::uint32_t>(random() % 200));
    }
    BOOST_REQUIRE(!gzip_expand(noise, limit, back));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
