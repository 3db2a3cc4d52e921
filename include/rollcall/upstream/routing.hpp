#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::upstream {

/// Which instance an account lives on: an account is logged in on one instance, so each has exactly one home, whatever
/// state that is in. Nothing in it is random or depends on the order of the file, so that every gateway of a fleet
/// comes to the same, and after every restart; that takes the same instances in the configuration of each.
///
/// An instance may name its accounts: a wId, or a beginning of some with a `*` behind it. The whole name counts before
/// any beginning, and a longer beginning before a shorter one. All other accounts are shared out among the instances
/// that name none, by rendezvous: of their scores with the account the highest wins, so that one instance more, or one
/// less, moves only the accounts that it gets, or had.
class routing {
public:
  /// An instance: what it is called, which is all that its scores depend on, and the accounts that it names.
  struct seat {
    std::string name;
    std::vector<std::string> wids;
  };

  /// Or what is wrong: an account that two instances name, or a `*` in the middle.
  static std::expected<routing, std::string> make(std::span<const seat> seats);

  /// The place of its home among the seats; nullopt when nobody names it and every instance names its own.
  [[nodiscard]] std::optional<std::size_t> home_of(std::string_view w_id) const;
  /// Where calls go that name no account, such as a login, the foremost first: the instances that name none of theirs,
  /// or all when each does.
  [[nodiscard]] std::span<const std::size_t> for_anybody() const noexcept { return anybody_; }
  /// There is one instance and it takes everything: nobody need look for the account.
  [[nodiscard]] bool is_single() const noexcept { return single_; }

private:
  struct candidate {
    std::size_t seat = 0;
    std::uint64_t seed = 0; // of its name
  };
  using owners = std::map<std::string, std::size_t, std::less<>>;

  owners whole_;
  owners beginnings_;
  std::vector<std::size_t> lengths_; // of the beginnings, the longest first
  std::vector<candidate> shared_;    // who shares all others
  std::vector<std::size_t> anybody_;
  bool single_ = false;
};

} // namespace rollcall::upstream
