#pragma once

#include "rollcall/net/executor.hpp"

#include <chrono>
#include <optional>
#include <vector>

namespace rollcall::upstream {

/// What is known of a name's addresses, and when to ask for them again: a pure decision, which is told the time.
/// Look-ups by the system tell no lifetime, so they are good for a fixed while. After that they are used all the same,
/// while they are looked up again in the background; and as long as that fails, for an old address is better than none.
class address_book {
public:
  using time_point = net::steady_clock::time_point;
  using addresses = std::vector<net::tcp::endpoint>;

  /// Whether a look-up is to be begun now; it then counts as begun.
  bool should_look_up(time_point now, std::chrono::milliseconds good_for) {
    if (looking_up_ || (!all_.empty() && looked_up_ && now - *looked_up_ < good_for))
      return false;
    return looking_up_ = true;
  }
  [[nodiscard]] bool is_looking_up() const noexcept { return looking_up_; }

  /// It has ended. Those that are gone.
  addresses found(time_point now, addresses all);
  /// It has failed; the next one is due after as long as after one that went well.
  void failed(time_point now) {
    looked_up_ = now;
    looking_up_ = false;
  }

  /// In the order in which they are to be tried: as they were found, but behind those before the one that took a
  /// connection last. Empty: nothing is known.
  [[nodiscard]] const addresses& to_try() const noexcept { return all_; }
  /// That one took a connection.
  void worked(const net::tcp::endpoint& which);

private:
  addresses all_;
  std::optional<time_point> looked_up_;
  bool looking_up_ = false;
};

} // namespace rollcall::upstream
