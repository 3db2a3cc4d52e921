#pragma once

#include "rollcall/cache/identity.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rollcall::cache {

/// What a purge is about: every room of an account (wId), a room whoever asks for it, or a room as one account sees it;
/// always across credentials and across the names a room travels under.
class scope {
public:
  /// Of what is named: an empty argument stands for any. Not both are, as that would be a scope of everything.
  static scope of(std::string_view w_id, std::string_view room);
  static scope account(std::string_view w_id) { return of(w_id, {}); }
  static scope room(std::string_view room) { return of({}, room); }

  /// As in the names of signals in Redis: `w:<wId>`, `r:<room>` or `p:<wId>:<room>`, the parts escaped as in
  /// identities.
  [[nodiscard]] std::string text() const;
  /// The reverse; nullopt for what no scope's text() is.
  static std::optional<scope> from_text(std::string_view text);

  /// Every room of the account, where one is named.
  [[nodiscard]] scope widened() const;

  [[nodiscard]] bool covers(const identity& id) const noexcept;

  /// Escaped; empty when any will do. Never both.
  [[nodiscard]] std::string_view w_id() const noexcept { return w_id_; }
  [[nodiscard]] std::string_view room() const noexcept { return room_; }

  friend bool operator==(const scope&, const scope&) = default;

private:
  std::string w_id_;
  std::string room_;
};

} // namespace rollcall::cache
