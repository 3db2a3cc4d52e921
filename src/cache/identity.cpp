#include "rollcall/cache/identity.hpp"

#include <openssl/sha.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace rollcall::cache {
namespace {

constexpr auto raw = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr bool is_raw(char c) {
  return raw[static_cast<unsigned char>(c)];
}

void append_escaped(std::string& to, std::string_view part) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (auto from = part.begin(); from != part.end();) {
    const auto stop = std::find_if_not(from, part.end(), is_raw);
    to.append(from, stop);
    from = stop;
    if (from == part.end())
      return;
    const auto byte = static_cast<unsigned char>(*from++);
    const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
    to.append(escape, sizeof escape);
  }
}

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
  text_.clear();
  append_escaped(text_, credential);
  for (const auto part : {field, w_id, room}) {
    text_ += ':';
    append_escaped(text_, part);
  }
  hash_ = identity_hash(text_);
}

std::uint64_t identity_hash(std::string_view text) noexcept {
  static const std::uint64_t seed = random_seed();
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

} // namespace rollcall::cache
