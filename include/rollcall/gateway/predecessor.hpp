#pragma once

#include "rollcall/net/descriptor.hpp"
#include "rollcall/net/passing.hpp"
#include "rollcall/ops/config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rollcall::gateway {

/// The name under which the Rollcall that serves bots at an address can be asked to hand it over (see hand_over): in
/// the abstract namespace of UNIX sockets, as `ss -xl` lists it.
std::string hand_over_name(const ops::listen_address& bots);

/// A Rollcall that runs, as seen by the one that takes over from it: it gives its listening sockets away, and keeps
/// using them until it is told that they are in use here. So there is always somebody who listens, and what the kernel
/// has queued is lost by nobody. Used by main's thread before and after the lanes' threads start; each wait is bounded.
class predecessor {
public:
  /// Asks the one that serves bots at c.server.listen for its sockets; nullopt when nobody does. Throws
  /// ops::config_error when it belongs to another user, does not answer, or answers nonsense.
  static std::optional<predecessor> find(const ops::config& c);

  /// The sockets that listen at server.listen: one or more.
  std::vector<net::descriptor> bots;
  /// The one at admin.listen; none when the other process has its admin port elsewhere.
  net::descriptor admin;

  /// They are in use here: it drains and ends, and this says in the log whether it has confirmed that.
  void relieve();

private:
  predecessor(net::descriptor line, net::peer who) : line_(std::move(line)), who_(who) {}
  void take_in(net::message m, const ops::config& c);

  net::descriptor line_;
  net::peer who_;
};

} // namespace rollcall::gateway
