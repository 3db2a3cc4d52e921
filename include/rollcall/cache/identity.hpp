#pragma once

#include "rollcall/cache/short_text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::cache {

inline constexpr std::size_t fingerprint_digits = 16;

/// The fingerprint of a credential as it stands in identities: the first 16 hex digits (lower case) of the SHA-256 of
/// the Authorization value. It is what may be logged and stored; the credential itself never is.
std::string fingerprint(std::string_view credential);

/// The fingerprint of a request without a credential.
inline constexpr std::string_view no_credential = "-";

/// Remembers the fingerprints of recently seen credentials, so that a hit need not hash one with SHA-256. One a thread.
class fingerprints {
public:
  /// The view stays valid until the next call.
  std::string_view of(std::string_view credential);

  /// Longer credentials are fingerprinted afresh each time: what clients send must not decide how much is kept.
  static constexpr std::size_t longest_kept = 2048;

private:
  struct slot {
    std::string credential;
    std::uint64_t hash = 0;
    std::array<char, fingerprint_digits> digits{};
    bool used = false;
  };
  static constexpr std::size_t slots = 256;
  slot table_[slots];
  std::array<char, fingerprint_digits> unkept_{};
};

/// The parts of an identity as its text spells them, escaped.
struct identity_parts {
  std::string_view credential;
  std::string_view field;
  std::string_view w_id;
  std::string_view room;
};

/// What an answer belongs to: (credential, wId, room, the name the room travelled under), as readable text
/// `<fingerprint>:<field>:<wId>:<room>`. Each part is percent-escaped, all but A-Z a-z 0-9 - . _ ~ @, so that the
/// encoding is injective and a part brings no braces, colons, spaces or control bytes of its own. The text of ids as
/// long as the platform's lies in the object: 16 of credential, 10 of field, 36 of account, 20 of room, and the colons
/// are 85 bytes.
class identity {
public:
  identity() = default;

  /// `credential` is a fingerprint or no_credential; `field` the JSON name of the room.
  identity(std::string_view credential, std::string_view field, std::string_view w_id, std::string_view room) {
    assign(credential, field, w_id, room);
  }

  /// As the constructor, keeping the storage: the hit path allocates nothing once the text fits.
  void assign(std::string_view credential, std::string_view field, std::string_view w_id, std::string_view room);

  /// An identity from text that came from elsewhere; nullopt for what is no text() of an identity without empty parts.
  static std::optional<identity> from_text(std::string_view text);

  [[nodiscard]] std::string_view text() const noexcept { return text_.view(); }
  /// Views into text().
  [[nodiscard]] identity_parts parts() const noexcept;
  /// Seeded at random once a process, so that nobody can aim at a shard or a bucket.
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }

  /// The size of the block that long text takes beside the object, or 0; entry::bytes() counts it.
  [[nodiscard]] std::size_t block() const noexcept { return text_.block(); }

  friend bool operator==(const identity& a, const identity& b) noexcept { return a.text() == b.text(); }

private:
  short_text text_;
  std::uint64_t hash_ = 0;
};

/// The hash that identity uses, for text that came from elsewhere.
std::uint64_t identity_hash(std::string_view text) noexcept;

/// The same for tables whose keys are identities' text.
struct identity_text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return identity_hash(text); }
};

/// Longer account and room ids, which the platform does not have, are not cached: what clients send must not decide how
/// large keys and indexes become. In bytes, before escaping, which makes three of one at most.
inline constexpr std::size_t cached_part_most = 256;

} // namespace rollcall::cache
