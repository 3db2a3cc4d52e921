#include "rollcall/redis/command.hpp"
#include "rollcall/redis/store.hpp"
#include "rollcall/redis/value.hpp"

#include <boost/endian/conversion.hpp>
#include <boost/test/unit_test.hpp>
#include <xxhash.h>

#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace redis = rollcall::redis;
namespace cache = rollcall::cache;
using redis::unfit;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

BOOST_AUTO_TEST_SUITE(redis_value)

namespace {

const cache::time_point now{milliseconds(1'700'000'000'000)};
const cache::identity id("-", "wcId", "0000016e", "2332@chatroom");

std::shared_ptr<cache::entry> make(std::string_view body, bool gzip = false,
                                   std::string_view type = "application/json") {
  auto e = std::make_shared<cache::entry>();
  e->id = id;
  e->version = 0x0123456789abcdef;
  e->fetched_at = now - milliseconds(10);
  e->fresh_until = now + milliseconds(60'000);
  e->serve_until = now + milliseconds(3'660'000);
  e->took = milliseconds(1234);
  e->plain = cache::variant::make(type, "", body);
  if (gzip) {
    e->gzip = cache::variant::make(type, "gzip", cache::gzip_compress(body));
  }
  return e;
}

std::string encoded(const cache::entry& e) {
  return redis::encode(e).value();
}

/// What is wrong with `bytes`; nullopt when nothing is.
std::optional<unfit> wrong(std::string_view bytes, cache::time_point at = now, const cache::identity& asked = id) {
  auto e = redis::decode(bytes, asked, at);
  return e ? std::nullopt : std::optional(e.error());
}

/// A value of small body, changed at will, with a checksum that is right again: what a liar would store.
std::string forged(const std::function<void(std::string&)>& change, bool gzip = false) {
  auto bytes = encoded(*make("{\"code\":\"1000\",\"data\":[]}", gzip));
  bytes.resize(bytes.size() - 8);
  change(bytes);
  unsigned char sum[8];
  boost::endian::store_little_u64(sum, XXH3_64bits(bytes.data(), bytes.size()));
  return bytes.append(reinterpret_cast<const char*>(sum), 8);
}

void put64(std::string& bytes, std::size_t at, std::int64_t n) {
  boost::endian::store_little_s64(reinterpret_cast<unsigned char*>(bytes.data()) + at, n);
}

void put32(std::string& bytes, std::size_t at, std::uint32_t n) {
  boost::endian::store_little_u32(reinterpret_cast<unsigned char*>(bytes.data()) + at, n);
}

std::string noise(std::size_t size) {
  std::mt19937 random(3);
  std::string s(size, '\0');
  for (char& c : s) {
    c = static_cast<char>(random());
  }
  return s;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_goes_in_comes_out) {
  for (bool gzip : {false, true}) {
    for (const auto& body : {std::string(), std::string("{}"), std::string("Gun🦑\0null", 13), noise(300'000)}) {
      const auto e = make(body, gzip);
      const auto d = redis::decode(encoded(*e), id, now).value();
      BOOST_TEST((d->id == id));
      BOOST_TEST(d->version == e->version);
      BOOST_TEST((d->fetched_at == e->fetched_at));
      BOOST_TEST((d->fresh_until == e->fresh_until));
      BOOST_TEST((d->serve_until == e->serve_until));
      BOOST_TEST((d->took == e->took));
      BOOST_TEST(d->plain->content_type() == e->plain->content_type());
      BOOST_TEST((d->plain->bytes() == e->plain->bytes()));
      BOOST_REQUIRE((d->gzip != nullptr) == gzip);
      if (gzip) {
        BOOST_TEST((d->gzip->bytes() == e->gzip->bytes()));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_gzip_variant_is_what_is_stored) {
  const std::string body(100'000, 'x');
  BOOST_TEST(encoded(*make(body, true)).size() < 2000U);
  BOOST_TEST(encoded(*make(body, false)).size() > 100'000U);
}

BOOST_AUTO_TEST_CASE(the_version_stands_where_a_getrange_finds_it) {
  BOOST_TEST(encoded(*make("{}")).substr(redis::version_offset, redis::version_size) ==
             "\xef\xcd\xab\x89\x67\x45\x23\x01");
}

BOOST_AUTO_TEST_CASE(how_long_the_upstream_took_has_two_bytes) {
  for (const auto& [given, kept] :
       {std::pair(-1, 0), {0, 0}, {255, 255}, {256, 256}, {65'535, 65'535}, {65'536, 65'535}, {10'000'000, 65'535}}) {
    const auto e = make("{}");
    e->took = milliseconds(given);
    BOOST_TEST(redis::decode(encoded(*e), id, now).value()->took.count() == kept);
  }
}

BOOST_AUTO_TEST_CASE(a_value_begins_as_scripts_expect) {
  BOOST_TEST(encoded(*make("{}")).starts_with(redis::value_beginning));
  BOOST_TEST(redis::value_beginning == std::string_view("RLCL\2", 5));
}

BOOST_AUTO_TEST_CASE(a_tombstone_is_no_value_and_has_a_version_of_its_own) {
  const auto t = redis::tombstone(0x0123456789abcdef);
  BOOST_TEST(t == std::string_view("RLCT\0\0\0\0\xef\xcd\xab\x89\x67\x45\x23\x01", 16));
  BOOST_TEST(redis::is_tombstone(t));
  BOOST_TEST(wrong(t).has_value());
  BOOST_TEST(!redis::is_tombstone(encoded(*make("{}"))));
  BOOST_TEST(!redis::is_tombstone(""));
  BOOST_TEST(!redis::is_tombstone("RLC"));
}

BOOST_AUTO_TEST_CASE(a_version_is_compared_as_it_is_stored) {
  const auto e = make("{}");
  BOOST_TEST(encoded(*e).substr(redis::version_offset, redis::version_size) == redis::version_bytes(e->version));
}

BOOST_AUTO_TEST_CASE(a_value_cut_anywhere_is_truncated) {
  for (bool gzip : {false, true}) {
    const auto bytes = encoded(*make("{\"code\":\"1000\"}", gzip));
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      BOOST_REQUIRE(wrong(bytes.substr(0, n)) == unfit::truncated);
    }
    BOOST_TEST((wrong(bytes + '\0') == unfit::truncated));
    BOOST_TEST((wrong(bytes + bytes) == unfit::truncated));
  }
}

BOOST_AUTO_TEST_CASE(a_value_with_any_bit_flipped_is_unfit) {
  for (bool gzip : {false, true}) {
    auto bytes = encoded(*make("{\"code\":\"1000\"}", gzip));
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      const auto flip = static_cast<char>(1 << (i % 8));
      bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ flip);
      BOOST_REQUIRE(wrong(bytes).has_value());
      bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ flip);
    }
    BOOST_TEST(!wrong(bytes).has_value());
  }
}

BOOST_AUTO_TEST_CASE(another_identity_gets_nothing) {
  const auto bytes = encoded(*make("{}"));
  for (const auto& other :
       {cache::identity("-", "wcId", "0000016e", "2333@chatroom"),
        cache::identity("-", "chatRoomId", "0000016e", "2332@chatroom"),
        cache::identity("-", "wcId", "0000016f", "2332@chatroom"),
        cache::identity("0123456789abcdef", "wcId", "0000016e", "2332@chatroom"), cache::identity()}) {
    BOOST_TEST((wrong(bytes, now, other) == unfit::other_identity));
  }
}

BOOST_AUTO_TEST_CASE(things_that_are_no_values) {
  BOOST_TEST((wrong("") == unfit::truncated));
  BOOST_TEST((wrong(noise(200)) == unfit::bad_magic));
  BOOST_TEST((wrong(forged([](std::string& b) { b[4] = 1; })) == unfit::other_layout_version));
}

BOOST_AUTO_TEST_CASE(an_entry_is_not_served_past_its_limit) {
  const auto e = make("{}");
  const auto bytes = encoded(*e);
  BOOST_TEST(!wrong(bytes, e->serve_until - milliseconds(1)).has_value());
  BOOST_TEST((wrong(bytes, e->serve_until) == unfit::expired));
}

BOOST_AUTO_TEST_CASE(another_clock_may_be_ahead_a_little) {
  const auto e = make("{}");
  BOOST_TEST(!wrong(encoded(*e), e->fetched_at - minutes(1)).has_value());
  BOOST_TEST((wrong(encoded(*e), e->fetched_at - minutes(1) - milliseconds(1)) == unfit::bad_times));
}

BOOST_AUTO_TEST_CASE(times_that_make_no_sense) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const auto t = now.time_since_epoch().count();
  struct {
    std::int64_t fetched, fresh, serve;
  } cases[] = {{t, t - 1, t + 1},    {t, t + 2, t + 1}, {-1, t, t + 1},  {least, t, t + 1},
               {least, least, most}, {t, t, most},      {t, most, most}, {most, most, most},
               {t, least, t + 1},    {t, t + 1, least}, {0, 0, most}};
  for (const auto& c : cases) {
    BOOST_TEST((wrong(forged([&](std::string& b) {
                  put64(b, 16, c.fetched);
                  put64(b, 24, c.fresh);
                  put64(b, 32, c.serve);
                })) == unfit::bad_times));
  }
}

BOOST_AUTO_TEST_CASE(lengths_that_lie) {
  for (std::size_t field : {44U, 48U, 52U}) {
    for (std::uint32_t n : {0U, 1U, 1000U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
      BOOST_TEST(wrong(forged([&](std::string& b) { put32(b, field, n); })).has_value());
    }
  }
  // Sums that are right again, at the border of two fields.
  BOOST_TEST((wrong(forged([](std::string& b) {
                put32(b, 44, static_cast<std::uint32_t>(id.text().size()) - 1);
                put32(b, 48, 17);
              })) == unfit::other_identity));
  BOOST_TEST((wrong(forged([](std::string& b) {
                put32(b, 48, 15);
                put32(b, 52, 26);
              })) == unfit::bad_body));
}

BOOST_AUTO_TEST_CASE(a_body_is_exactly_as_long_as_the_head_says) {
  for (bool gzip : {false, true}) {
    for (std::uint32_t n : {0U, 24U, 26U, 0x1000000U, 0x1000001U, 0xffffffffU}) {
      BOOST_TEST((wrong(forged([&](std::string& b) { put32(b, 40, n); }, gzip)) == unfit::bad_body));
    }
  }
  for (char coding : {'\1', '\2', '\xff'}) {
    BOOST_TEST((wrong(forged([&](std::string& b) { b[5] = coding; })) == unfit::bad_body));
  }
  BOOST_TEST((wrong(forged([&](std::string& b) { b[b.size() - 12] = 'x'; }, true)) == unfit::bad_body));
}

BOOST_AUTO_TEST_CASE(a_content_type_cannot_carry_a_header) {
  for (char c : {'\r', '\n', '\0', '\t', '\x7f', '\x80'}) {
    BOOST_TEST((wrong(forged([&](std::string& b) { b[56 + id.text().size() + 3] = c; })) == unfit::bad_content_type));
  }
  for (char c : {'\t', '\x80'}) {
    BOOST_TEST((redis::encode(*make("{}", false, std::string("text/") + c)).error() == unfit::bad_content_type));
  }
}

BOOST_AUTO_TEST_CASE(what_would_not_come_out_does_not_go_in) {
  BOOST_TEST((redis::encode(*make("{}", false, std::string(201, 'x'))).error() == unfit::bad_content_type));
  BOOST_TEST(redis::encode(*make("{}", false, std::string(200, 'x'))).has_value());
  BOOST_TEST((redis::encode(*make(std::string(redis::body_most + 1, 'x'))).error() == unfit::bad_body));
  BOOST_TEST(redis::encode(*make(std::string(redis::body_most, 'x'))).has_value());
  BOOST_TEST((redis::encode(*make(std::string(redis::body_most + 1, 'x'), true)).error() == unfit::bad_body));
  auto e = make("{}");
  e->fresh_until = e->serve_until + milliseconds(1);
  BOOST_TEST((redis::encode(*e).error() == unfit::bad_times));
  e = make("{}");
  e->serve_until = e->fetched_at + hours(24 * 365 * 11);
  BOOST_TEST((redis::encode(*e).error() == unfit::bad_times));
  e->plain = nullptr;
  BOOST_TEST((redis::encode(*e).error() == unfit::bad_body));
}

// Whatever a forger writes into the head, nothing breaks, and what comes out is in bounds.
BOOST_AUTO_TEST_CASE(random_heads_are_harmless) {
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    const auto bytes = forged(
        [&](std::string& b) {
          for (auto n = 1 + random() % 3; n > 0; --n) {
            b[5 + random() % 51] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
          }
        },
        round % 2 == 0);
    if (auto e = redis::decode(bytes, id, now)) {
      BOOST_REQUIRE((*e)->serve_until > now);
      BOOST_REQUIRE((*e)->fetched_at <= (*e)->fresh_until);
      BOOST_REQUIRE((*e)->fresh_until <= (*e)->serve_until);
      BOOST_REQUIRE((*e)->plain->body() == "{\"code\":\"1000\",\"data\":[]}");
    }
  }
}

BOOST_AUTO_TEST_CASE(every_outcome_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (int u = static_cast<int>(unfit::truncated); u <= static_cast<int>(unfit::expired); ++u) {
    names.insert(redis::to_string(static_cast<unfit>(u)));
  }
  BOOST_TEST(names.size() == 9U);
  BOOST_TEST(!names.contains(""));
  for (auto e : {redis::command_error::unavailable, redis::command_error::timed_out, redis::command_error::closed,
                 redis::command_error::overloaded}) {
    BOOST_TEST(!redis::to_string(e).empty());
  }
  for (auto c : {redis::claim_outcome::good, redis::claim_outcome::leased, redis::claim_outcome::held,
                 redis::claim_outcome::unavailable}) {
    BOOST_TEST(!redis::to_string(c).empty());
  }
  for (auto v : {redis::verification::same, redis::verification::different, redis::verification::unavailable}) {
    BOOST_TEST(!redis::to_string(v).empty());
  }
  for (auto l : {redis::lease_outcome::done, redis::lease_outcome::lost, redis::lease_outcome::unavailable}) {
    BOOST_TEST(!redis::to_string(l).empty());
  }
  for (auto l : {redis::lookup::hit, redis::lookup::miss, redis::lookup::unfit, redis::lookup::unavailable}) {
    BOOST_TEST(!redis::to_string(l).empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
