#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace rollcall::redis {

/// What Redis answers when it does not do what it was asked, by the first word of its error. None of them is ever an
/// answer to a request.
enum class trouble {
  loading = 1, ///< it reads its data after a start
  busy,        ///< a script of somebody's runs for too long
  masterdown,  ///< a replica that has lost its master, and gives nothing away that may be old
  clusterdown, ///< the cluster has no quorum, or slots that nobody serves
  noauth,      ///< it wants to know who we are
  wrongpass,   ///< it does not believe us
  noperm,      ///< we may not
  oom,         ///< full: it takes no writes, and still reads
  readonly,    ///< a replica: it takes no writes, and still reads
  misconf,     ///< it cannot save its data, and so takes no writes
  noreplicas,  ///< too few replicas, and so no writes
  moved,       ///< the key is another node's: this one is part of a cluster
  ask,         ///< the same for a slot that moves
  tryagain,    ///< keys of one slot are on two nodes while it moves
  noscript,    ///< it does not know the script (any more), and is sent its text
  wrongtype,   ///< the key holds something that is not ours
  other,
};
inline constexpr std::size_t troubles = static_cast<std::size_t>(trouble::other);

/// As a label: lower case.
std::string_view to_string(trouble t);

/// Of an error as Redis words it, packed into that of a script or not.
trouble trouble_of(std::string_view error);

/// Whether a server that says so has no better answer to anything else, until it is over.
bool is_general(trouble t);

} // namespace rollcall::redis
