#pragma once

#include "rollcall/upstream/concurrency_limit.hpp"

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rollcall::upstream {

struct admission_options {
  /// Least time between two calls of one wId; 0: none.
  std::chrono::milliseconds spacing{0};
  /// Share of the spacing by which it may be longer, at random, so that a bot's calls do not come like a clock's.
  double jitter = 0.2;
  /// Calls of one wId at one time; 0: as many as come.
  unsigned per_wid = 0;
  /// Calls to one instance at one time.
  concurrency_options concurrency;
  /// Calls that wait, of all instances together.
  std::size_t waiting_most = 10'000;
  /// wIds that are known, because they have calls under way or had one a moment ago.
  std::size_t wids_most = 65'536;
};

/// Who wants a call.
enum class urgency {
  client = 1, ///< somebody waits for its answer
  refresh,    ///< nobody does: it goes now, or not at all
};

enum class refusal_reason {
  paced = 1, ///< the wId's next turn comes too late
  overload,  ///< the instance, or the wId, has as many calls under way as it may have, and too many wait already
  late,      ///< it waited, and its time was over before its turn came
  full,      ///< there is no room to wait, or to remember another wId
  stopping,  ///< we are about to end
};
inline constexpr int refusal_reason_count = 5;
/// A word for metrics.
std::string_view to_string(refusal_reason r);

struct refusal {
  refusal_reason why = refusal_reason::overload;
  /// When it might have been admitted, as far as can be told: from now.
  std::chrono::nanoseconds retry_after{0};
};

/// Which calls may go to the instances, and when: never two of a wId closer than the spacing, never more than the
/// limits allow, and in the order in which they came. Who cannot have his turn in time is told at once, by reckoning:
/// the turns of a wId are known beforehand, and how long a queue takes follows from its length, the limit and the
/// latency (Little's law). Those who wait longest all the same go first, as they would give up first.
///
/// A refresh never waits, and leaves the last quarter of an instance's limit to clients. So it is never before a
/// client, never holds what others might have while it waits, and when an instance hangs, renewals do not keep it to
/// themselves.
///
/// Pure: the time is passed in, and does not go backwards. For one thread at a time.
class admission {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using nanoseconds = std::chrono::nanoseconds;

private:
  struct line; // of one wId
  using hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>>;

public:
  /// One call, from its entry to its end. Whoever owns it takes it out with leave() before it goes.
  class guest : public hook {
  public:
    enum class state { outside, waits, runs, refused };
    [[nodiscard]] state now() const noexcept { return state_; }
    /// Of one that was refused.
    [[nodiscard]] const refusal& why() const noexcept { return why_; }
    /// Of one that waits: when look() is due, at the latest.
    [[nodiscard]] time_point look_at() const noexcept { return std::min(look_at_, latest_); }

  private:
    friend class admission;
    state state_ = state::outside;
    line* line_ = nullptr;
    std::size_t instance_ = 0;
    std::uint64_t serial_ = 0;
    nanoseconds gap_{0}; // that it leaves behind itself
    time_point latest_;  // when it must have started
    time_point look_at_ = time_point::max();
    time_point began_;
    unsigned running_then_ = 0; // at its instance when it began
    refusal why_;
  };

  struct call {
    std::size_t instance = 0;
    std::string_view w_id;
    urgency who = urgency::client;
    /// When its answer must be there. It is not started when less is left than it is likely to take.
    time_point deadline;
    /// Uniform in [0, 1).
    double random = 0;
  };

  /// How a call came out, as far as it matters here.
  enum class ending {
    answered = 1, ///< a whole answer
    timed_out,
    other, ///< which says nothing of how long calls take
  };

  /// `tell` is called for each guest that has waited and no longer does, or whose look_at() has changed, within any of
  /// the functions below.
  admission(std::size_t instances, const admission_options& o, std::function<void(guest&)> tell);
  ~admission();

  /// Afterwards `g` runs, waits or is refused.
  void enter(guest& g, const call& c, time_point now);
  /// The time has come to look after those whose turn it may be; `g`, if its time is over while it waits, is refused.
  void look(guest& g, time_point now);
  /// The call of `g`, which runs, is about to be written. From now on its wId's next turn is reckoned.
  void sending(guest& g, time_point now);
  /// `g` runs no more.
  void finish(guest& g, ending e, time_point now);
  /// `g` gives up, whatever its state.
  void leave(guest& g, time_point now);
  /// `g`, which waits, is refused.
  void refuse(guest& g, refusal why, time_point now);
  /// All who wait and `are_meant`.
  void refuse_if(const std::function<bool(const guest&)>& are_meant, refusal why, time_point now);

  /// Gauges.
  struct load {
    unsigned limit = 0;
    unsigned running = 0;
    std::size_t waiting = 0;
    nanoseconds latency{0};
  };
  [[nodiscard]] load at(std::size_t instance) const;
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] std::size_t wids() const noexcept { return lines_.size(); }

private:
  using queue = boost::intrusive::list<guest, boost::intrusive::base_hook<hook>>;
  struct line {
    const std::string* w_id = nullptr; // its key
    queue waiting;
    nanoseconds backlog{0};         // the gaps of those who wait
    time_point not_before;          // when the next one may start
    const guest* leaving = nullptr; // has started and has not sent: when the next one may start is not known yet
    unsigned running = 0;
    bool paced = false; // is in paced_
    bool ready = false; // is in ready of the instance of its first
  };
  struct part {
    explicit part(const concurrency_options& o) : limit(o) {}
    concurrency_limit limit;
    unsigned running = 0;
    std::size_t waiting = 0;
    std::map<std::uint64_t, line*> ready; // by the serial of the first in each
  };

  line* line_of(std::string_view w_id);
  [[nodiscard]] bool is_free(const line& l, time_point now) const;
  [[nodiscard]] bool has_room(const part& p) const { return p.running < p.limit.get(); }
  [[nodiscard]] bool has_room_for(urgency who, const part& p) const;
  [[nodiscard]] time_point turn_of_next(const line& l, time_point now) const;
  [[nodiscard]] nanoseconds wait_for_room(const line& l, const part& p) const;
  void start(guest& g, time_point now);
  void wait(guest& g, time_point now);
  void end(guest& g, guest::state s);
  void turn_away(guest& g, refusal_reason why, nanoseconds retry_after);
  void take_off(line& l);
  void place(line& l, time_point now);
  void revise(line& l, time_point now);
  void advance(time_point now);

  const admission_options options_;
  std::function<void(guest&)> tell_;
  std::vector<part> parts_;
  std::unordered_map<std::string, line> lines_;
  std::set<std::pair<time_point, line*>>
      paced_; // those whose next turn is a matter of time, or that are to be forgotten
  std::size_t waiting_ = 0;
  std::uint64_t serial_ = 0;
};

} // namespace rollcall::upstream
