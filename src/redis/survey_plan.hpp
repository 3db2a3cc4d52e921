#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/redis/endpoint.hpp"

#include "slot_map.hpp"

#include <chrono>
#include <span>
#include <vector>

/// Which nodes of a cluster are asked for its map, and when. No I/O.
namespace rollcall::redis {

/// Who is asked: who knows best first, who did not answer last.
class survey_order {
public:
  explicit survey_order(std::vector<host_port> seeds);

  /// Where to begin, and how to go on.
  [[nodiscard]] const std::vector<host_port>& nodes() const noexcept { return nodes_; }

  /// It has shown that it knows more than we do, unless it is none that we know.
  void prefer(const host_port& node);
  /// It did not answer.
  void failed(const host_port& node);
  /// The nodes that there are now. The seeds stay: they may be names, which lead to what is there tomorrow.
  void adopt(const slot_map& map);

private:
  void add(std::span<const host_port> nodes, std::vector<host_port>& to) const;

  std::vector<host_port> seeds_;
  std::vector<host_port> nodes_;
};

/// When they are asked again: once a period while all is well; soon when it is not, or when somebody was sent
/// elsewhere, with pauses that double from round to round.
class survey_schedule {
public:
  using time_point = net::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  survey_schedule(milliseconds period, milliseconds least, milliseconds most)
      : period_(period), least_(least), most_(most), pause_(least) {}

  void begun() noexcept;
  /// The round has ended. `calm`: the map has all slots, and all masters in it are reached. `random` is uniform in [0,
  /// 1): threads and gateways that lost a node at one moment do not ask at one moment.
  void ended(time_point now, bool calm, double random) noexcept;

  /// Something did not fit the map. True when next() is earlier for it.
  bool look() noexcept;

  [[nodiscard]] time_point next() const noexcept { return next_; }

private:
  milliseconds period_;
  milliseconds least_;
  milliseconds most_;
  milliseconds pause_;
  time_point next_;       ///< of the next round
  time_point earliest_;   ///< that it may be
  bool looked_ = false;   ///< since the last one began
  bool prompted_ = false; ///< the last one, by look()
};

} // namespace rollcall::redis
