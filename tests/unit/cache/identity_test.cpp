#include "rollcall/cache/identity.hpp"

#include "allocations.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace {

using namespace rollcall::cache;
using parts = std::array<std::string, 4>;

/// The reverse of the encoding, written from its description: nullopt for a text that the encoding never makes.
std::optional<parts> decode(std::string_view text) {
  parts found;
  std::size_t part = 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') {
      if (++part == found.size())
        return std::nullopt;
    } else if (c == '%') {
      if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
        return std::nullopt;
      found[part] += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~@").contains(c)) {
      found[part] += c;
    } else {
      return std::nullopt;
    }
  }
  return part == found.size() - 1 ? std::optional(found) : std::nullopt;
}

/// Strings that an encoding by mere joining, or one that escapes twice or not at all, gets wrong.
std::string nasty(std::mt19937_64& random) {
  static const std::array<std::string, 19> pieces = {
      ":", "%", "{",  "}",        std::string(1, '\0'), "%3A", "%25", "@chatroom", "@chatRoom",
      "a", "A", "\n", "\x7f\xff", "群\xF0\x9F\xA6\x91", " ",   "-",   "/",         "~",
      "+"};
  std::string text;
  const auto count = random() % 64 == 0 ? 200 : random() % 5;
  for (std::size_t i = 0; i < count; ++i)
    text += pieces[random() % pieces.size()];
  return text;
}

BOOST_AUTO_TEST_SUITE(identity_suite)

BOOST_AUTO_TEST_CASE(text_is_readable_and_escapes_what_is_not_plain) {
  const identity plain("0123456789abcdef", "wcId", "0000016e-6343-089e-0001-e2ef939176f6", "23321854893@chatroom");
  BOOST_TEST(plain.text() == "0123456789abcdef:wcId:0000016e-6343-089e-0001-e2ef939176f6:23321854893@chatroom");

  using namespace std::string_view_literals;
  const identity odd(no_credential, "chatRoomId", "a:b%c{d}\0\n~._-"sv, "群 /\xff@x");
  BOOST_TEST(odd.text() == "-:chatRoomId:a%3Ab%25c%7Bd%7D%00%0A~._-:%E7%BE%A4%20%2F%FF@x");

  BOOST_TEST(identity("", "", "", "").text() == ":::");
}

BOOST_AUTO_TEST_CASE(every_byte_decodes_back) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string w_id(1, static_cast<char>(byte));
    const auto decoded = decode(identity("-", "wcId", w_id, "r").text());
    BOOST_REQUIRE(decoded);
    BOOST_TEST((*decoded == parts{"-", "wcId", w_id, "r"}));
  }
}

BOOST_AUTO_TEST_CASE(two_hundred_thousand_tuples_decode_back_and_never_share_a_text) {
  std::mt19937_64 random(20240607);
  std::unordered_map<std::string, parts> seen;
  identity id;
  for (int i = 0; i < 200'000; ++i) {
    const parts tuple{i % 3 == 0 ? std::string(no_credential) : nasty(random), i % 2 == 0 ? "wcId" : "chatRoomId",
                      nasty(random), nasty(random)};
    id.assign(tuple[0], tuple[1], tuple[2], tuple[3]);
    const auto decoded = decode(id.text());
    BOOST_REQUIRE(decoded);
    BOOST_REQUIRE((*decoded == tuple));
    const auto [same, is_new] = seen.try_emplace(std::string(id.text()), tuple);
    BOOST_REQUIRE((is_new || same->second == tuple));
  }
  BOOST_TEST(seen.size() > 100'000U);
}

BOOST_AUTO_TEST_CASE(parts_do_not_run_into_each_other) {
  const identity a("-", "wcId", "a:b", "c");
  const identity b("-", "wcId", "a", "b:c");
  const identity c("-", "chatRoomId", "a", "b:c");
  const identity d("0123456789abcdef", "wcId", "a", "b:c");
  BOOST_TEST(!(a == b));
  BOOST_TEST(!(b == c));
  BOOST_TEST(!(b == d));
  BOOST_TEST((b == identity("-", "wcId", "a", "b:c")));
}

BOOST_AUTO_TEST_CASE(hash_is_that_of_the_text) {
  identity id("-", "wcId", "w", "1@chatroom");
  BOOST_TEST(id.hash() == identity_hash(id.text()));
  const auto before = id.hash();
  id.assign("-", "wcId", "w", "2@chatroom");
  BOOST_TEST(id.hash() == identity_hash(id.text()));
  BOOST_TEST(id.hash() != before);
}

BOOST_AUTO_TEST_CASE(assigning_what_fits_allocates_nothing,
                     *boost::unit_test::enable_if<rollcall::test::allocations_are_counted>()) {
  identity id("0123456789abcdef", "chatRoomId", std::string(80, 'w'), std::string(80, 'r'));
  const auto before = rollcall::test::allocations_of_this_thread();
  for (int i = 0; i < 100; ++i)
    id.assign("0123456789abcdef", "wcId", "0000016e-6343-089e-0001-e2ef939176f6", "2332 1854893@chatroom");
  BOOST_TEST(rollcall::test::allocations_of_this_thread().count == before.count);
}

BOOST_AUTO_TEST_CASE(fingerprint_is_the_start_of_sha256) {
  // As sha256sum prints them.
  BOOST_TEST(fingerprint("abc") == "ba7816bf8f01cfea");
  BOOST_TEST(fingerprint("") == "e3b0c44298fc1c14");
  BOOST_TEST(fingerprint("Bearer eyJhbGciOiJIUzUxMiJ9") == "3bd2d4969ce432c6");
}

BOOST_AUTO_TEST_CASE(remembered_fingerprints_are_those_of_the_credential_however_many_there_are) {
  fingerprints memo;
  BOOST_TEST(memo.of("") == fingerprint(""));
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) { // many more than places, so they displace each other
    const auto credential = "token-" + std::to_string(random() % 2'000);
    BOOST_REQUIRE(memo.of(credential) == fingerprint(credential));
  }
}

BOOST_AUTO_TEST_CASE(long_credentials_are_fingerprinted_whole) {
  fingerprints memo;
  for (const auto size : {fingerprints::longest_kept, fingerprints::longest_kept + 1, std::size_t{100'000}}) {
    std::string credential(size, 'a');
    BOOST_TEST(memo.of(credential) == fingerprint(credential));
    credential.back() = 'b';
    BOOST_TEST(memo.of(credential) == fingerprint(credential));
  }
}

BOOST_AUTO_TEST_CASE(a_known_credential_costs_no_allocation,
                     *boost::unit_test::enable_if<rollcall::test::allocations_are_counted>()) {
  fingerprints memo;
  const std::string credential(200, 't');
  (void)memo.of(credential);
  const auto before = rollcall::test::allocations_of_this_thread();
  (void)memo.of(credential);
  BOOST_TEST(rollcall::test::allocations_of_this_thread().count == before.count);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
