#include "rollcall/cache/identity.hpp"

#include "escape.hpp"

#include <openssl/sha.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <string_view>

namespace rollcall::cache {
namespace {

std::array<char, fingerprint_digits> digest(std::string_view credential) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(credential.data()), credential.size(), hash.data());
  std::array<char, fingerprint_digits> text;
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = digits[(i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2]) & 15];
  return text;
}

std::string_view view(const std::array<char, fingerprint_digits>& text) {
  return {text.data(), text.size()};
}

std::uint64_t random_seed() {
  std::random_device source;
  return static_cast<std::uint64_t>(source()) << 32 | source();
}

} // namespace

std::string fingerprint(std::string_view credential) {
  return std::string(view(digest(credential)));
}

std::string_view fingerprints::of(std::string_view credential) {
  if (credential.size() > longest_kept) {
    unkept_ = digest(credential);
    return view(unkept_);
  }
  const auto hash = identity_hash(credential);
  slot& s = table_[hash % slots];
  // The hashes first: a comparison of the bytes alone would stop at the first difference, and its time would tell a
  // client how much of somebody else's credential it has guessed.
  if (!s.used || s.hash != hash || s.credential != credential) {
    s.used = false; // should the assignment throw
    s.credential.assign(credential);
    s.hash = hash;
    s.digits = digest(credential);
    s.used = true;
  }
  return view(s.digits);
}

void identity::assign(std::string_view credential, std::string_view field, std::string_view w_id,
                      std::string_view room) {
  const std::array parts{credential, field, w_id, room};
  std::array<std::size_t, parts.size()> sizes;
  std::ranges::transform(parts, sizes.begin(), escaped_size);
  const auto whole = std::accumulate(sizes.begin(), sizes.end(), parts.size() - 1);
  char* const text = text_.resize(whole);
  char* to = text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0)
      *to++ = ':';
    to = put_escaped(to, parts[i], sizes[i]);
  }
  hash_ = identity_hash({text, whole});
}

identity_parts identity::parts() const noexcept {
  const auto text = text_.view();
  identity_parts p;
  std::string_view* const each[] = {&p.credential, &p.field, &p.w_id, &p.room};
  std::size_t from = 0;
  for (auto* const part : each) {
    const auto stop = std::min(text.find(':', from), text.size());
    *part = text.substr(from, stop - from);
    from = std::min(stop + 1, text.size());
  }
  return p;
}

std::optional<identity> identity::from_text(std::string_view text) {
  identity id;
  std::ranges::copy(text, id.text_.resize(text.size()));
  const auto p = id.parts();
  const bool four = p.credential.size() + p.field.size() + p.w_id.size() + p.room.size() + 3 == text.size();
  for (const auto part : {p.credential, p.field, p.w_id, p.room})
    if (!four || part.empty() || !is_escaped(part))
      return std::nullopt;
  id.hash_ = identity_hash(text);
  return id;
}

std::uint64_t identity_hash(std::string_view text) noexcept {
  static const std::uint64_t seed = random_seed();
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

} // namespace rollcall::cache
