#include "rollcall/redis/value.hpp"

#include <boost/endian/conversion.hpp>
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <optional>

namespace rollcall::redis {
namespace {

namespace endian = boost::endian;

constexpr std::string_view magic = value_beginning.substr(0, 4);
constexpr auto layout_version = static_cast<std::uint8_t>(value_beginning[4]);
constexpr cache::milliseconds took_most{std::numeric_limits<std::uint16_t>::max()};
constexpr std::size_t checksum_size = 8;
constexpr std::size_t content_type_most = 200;
/// Keeps sums of times far from overflow, whatever a value claims.
constexpr auto life_most = std::chrono::days(3650);
/// By how much another gateway's clock may be ahead of ours.
constexpr auto clock_skew_most = std::chrono::minutes(1);

enum class coding : std::uint8_t { identity = 0, gzip = 1 };

/// The part of fixed size, field by field; the offsets are the layout.
struct head {
  static constexpr std::size_t size = 56;

  std::uint8_t layout = layout_version;
  coding body_coding = coding::identity;
  std::uint16_t took = 0;
  std::uint64_t version = 0;
  std::int64_t fetched_at = 0;
  std::int64_t fresh_until = 0;
  std::int64_t serve_until = 0;
  std::uint32_t plain_size = 0;
  std::uint32_t identity_size = 0;
  std::uint32_t content_type_size = 0;
  std::uint32_t body_size = 0;

  [[nodiscard]] std::uint64_t value_size() const {
    return std::uint64_t{size} + identity_size + content_type_size + body_size + checksum_size;
  }
};

unsigned char* bytes_of(std::string& s) {
  return reinterpret_cast<unsigned char*>(s.data());
}
const unsigned char* bytes_of(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

void write(const head& h, std::string& out) {
  unsigned char* p = bytes_of(out);
  std::ranges::copy(magic, p);
  p[4] = h.layout;
  p[5] = static_cast<std::uint8_t>(h.body_coding);
  endian::store_little_u16(p + 6, h.took);
  static_assert(value_beginning.size() == 5 && version_offset == 8 && version_size == sizeof h.version);
  endian::store_little_u64(p + version_offset, h.version);
  endian::store_little_s64(p + 16, h.fetched_at);
  endian::store_little_s64(p + 24, h.fresh_until);
  endian::store_little_s64(p + 32, h.serve_until);
  endian::store_little_u32(p + 40, h.plain_size);
  endian::store_little_u32(p + 44, h.identity_size);
  endian::store_little_u32(p + 48, h.content_type_size);
  endian::store_little_u32(p + 52, h.body_size);
}

head read(std::string_view in) {
  const unsigned char* p = bytes_of(in);
  return {.layout = p[4],
          .body_coding = static_cast<coding>(p[5]),
          .took = endian::load_little_u16(p + 6),
          .version = endian::load_little_u64(p + version_offset),
          .fetched_at = endian::load_little_s64(p + 16),
          .fresh_until = endian::load_little_s64(p + 24),
          .serve_until = endian::load_little_s64(p + 32),
          .plain_size = endian::load_little_u32(p + 40),
          .identity_size = endian::load_little_u32(p + 44),
          .content_type_size = endian::load_little_u32(p + 48),
          .body_size = endian::load_little_u32(p + 52)};
}

std::uint64_t checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::int64_t count(cache::time_point t) {
  return t.time_since_epoch().count();
}
cache::time_point time(std::int64_t ms) {
  return cache::time_point(cache::milliseconds(ms));
}

/// In this order, so that no difference can overflow.
bool sane_times(std::int64_t fetched, std::int64_t fresh, std::int64_t serve) {
  return 0 <= fetched && fetched <= fresh && fresh <= serve &&
         serve - fetched <= cache::milliseconds(life_most).count();
}

bool sane_content_type(std::string_view type) {
  return type.size() <= content_type_most && std::ranges::all_of(type, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

/// The bytes are those that an encode() wrote, and all of them.
std::optional<unfit> judge_frame(std::string_view bytes) {
  if (bytes.size() < head::size + checksum_size) {
    return unfit::truncated;
  }
  if (!bytes.starts_with(magic)) {
    return unfit::bad_magic;
  }
  const auto h = read(bytes);
  if (h.layout != layout_version) {
    return unfit::other_layout_version;
  }
  if (h.value_size() != bytes.size()) {
    return unfit::truncated;
  }
  const auto covered = bytes.substr(0, bytes.size() - checksum_size);
  if (checksum(covered) != endian::load_little_u64(bytes_of(bytes) + covered.size())) {
    return unfit::checksum;
  }
  return {};
}

/// What the head says may be acted on. A checksum proves no good will.
std::optional<unfit> judge_head(const head& h, cache::time_point now) {
  if (!sane_times(h.fetched_at, h.fresh_until, h.serve_until) || time(h.fetched_at) > now + clock_skew_most) {
    return unfit::bad_times;
  }
  if (time(h.serve_until) <= now) {
    return unfit::expired;
  }
  if (h.plain_size > body_most || (h.body_coding != coding::identity && h.body_coding != coding::gzip) ||
      (h.body_coding == coding::identity && h.body_size != h.plain_size)) {
    return unfit::bad_body;
  }
  return {};
}

} // namespace

std::string_view to_string(unfit u) {
  switch (u) {
  case unfit::truncated:
    return "truncated";
  case unfit::bad_magic:
    return "bad_magic";
  case unfit::other_layout_version:
    return "other_layout_version";
  case unfit::checksum:
    return "checksum";
  case unfit::other_identity:
    return "other_identity";
  case unfit::bad_times:
    return "bad_times";
  case unfit::bad_content_type:
    return "bad_content_type";
  case unfit::bad_body:
    return "bad_body";
  case unfit::expired:
    return "expired";
  }
  assert(false);
  return "";
}

std::string version_bytes(std::uint64_t version) {
  std::string bytes(version_size, '\0');
  endian::store_little_u64(bytes_of(bytes), version);
  return bytes;
}

std::string tombstone(std::uint64_t version) {
  std::string bytes(tombstone_beginning);
  bytes.resize(version_offset);
  return bytes += version_bytes(version);
}

bool is_tombstone(std::string_view bytes) {
  return bytes.starts_with(tombstone_beginning);
}

std::expected<std::string, unfit> encode(const cache::entry& e) {
  const auto plain = e.plain ? e.plain->body() : std::string_view();
  const auto body = e.gzip ? e.gzip->body() : plain;
  const auto identity = e.id.text();
  if (!e.plain || plain.size() > body_most || body.size() > body_most || identity.size() > body_most) {
    return std::unexpected(unfit::bad_body);
  }
  const auto content_type = e.plain->content_type();
  if (!sane_content_type(content_type)) {
    return std::unexpected(unfit::bad_content_type);
  }
  const head h{.body_coding = e.gzip ? coding::gzip : coding::identity,
               .took = static_cast<std::uint16_t>(std::clamp(e.took, cache::milliseconds(0), took_most).count()),
               .version = e.version,
               .fetched_at = count(e.fetched_at),
               .fresh_until = count(e.fresh_until),
               .serve_until = count(e.serve_until),
               .plain_size = static_cast<std::uint32_t>(plain.size()),
               .identity_size = static_cast<std::uint32_t>(identity.size()),
               .content_type_size = static_cast<std::uint32_t>(content_type.size()),
               .body_size = static_cast<std::uint32_t>(body.size())};
  if (!sane_times(h.fetched_at, h.fresh_until, h.serve_until)) {
    return std::unexpected(unfit::bad_times);
  }
  std::string out;
  out.reserve(h.value_size());
  out.resize(head::size);
  write(h, out);
  out.append(identity).append(content_type).append(body);
  const auto sum = checksum(out);
  out.resize(h.value_size());
  endian::store_little_u64(bytes_of(out) + out.size() - checksum_size, sum);
  return out;
}

std::expected<cache::entry_ptr, unfit> decode(std::string_view bytes, const cache::identity& expected,
                                              cache::time_point now) {
  if (auto wrong = judge_frame(bytes)) {
    return std::unexpected(*wrong);
  }
  const auto h = read(bytes);
  const auto identity = bytes.substr(head::size, h.identity_size);
  const auto content_type = bytes.substr(head::size + h.identity_size, h.content_type_size);
  const auto body = bytes.substr(head::size + h.identity_size + h.content_type_size, h.body_size);
  if (identity != expected.text()) {
    return std::unexpected(unfit::other_identity);
  }
  if (auto wrong = judge_head(h, now)) {
    return std::unexpected(*wrong);
  }
  if (!sane_content_type(content_type)) {
    return std::unexpected(unfit::bad_content_type);
  }
  auto e = std::make_shared<cache::entry>();
  if (h.body_coding == coding::gzip) {
    std::string plain;
    if (!cache::gzip_expand(body, h.plain_size, plain) || plain.size() != h.plain_size) {
      return std::unexpected(unfit::bad_body);
    }
    e->plain = cache::variant::make(content_type, "", plain);
    e->gzip = cache::variant::make(content_type, "gzip", body);
  } else {
    e->plain = cache::variant::make(content_type, "", body);
  }
  e->id = expected;
  e->version = h.version;
  e->fetched_at = time(h.fetched_at);
  e->fresh_until = time(h.fresh_until);
  e->serve_until = time(h.serve_until);
  e->took = cache::milliseconds(h.took);
  return e;
}

} // namespace rollcall::redis
