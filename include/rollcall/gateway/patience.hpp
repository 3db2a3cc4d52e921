#pragma once

#include "rollcall/net/executor.hpp"

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <functional>

namespace rollcall::gateway {

/// The deadlines of many who wait, nearly all of them equally long: who came first goes first, so one timer will do for
/// them. It is not touched when somebody leaves in time, as nearly everybody does. Used on one thread only.
class patience {
  using hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

public:
  /// One who waits. Leaves by itself when it is destroyed.
  class guest : public hook {
  public:
    [[nodiscard]] bool waits() const noexcept { return is_linked(); }

  private:
    friend class patience;
    net::steady_clock::time_point until_;
  };

  /// `send_away` is called for each who has waited to his limit, and no longer does then.
  patience(const net::executor& ex, std::function<void(guest&)> send_away)
      : send_away_(std::move(send_away)), timer_(ex) {}

  /// `g` does not wait yet. One with a shorter limit than those before him costs a look at each whom he overtakes.
  void enter(guest& g, std::chrono::milliseconds limit);
  /// `g` waits.
  void leave(guest& g);

  /// From now on nothing of this keeps the io_context running but those who still wait.
  void stop();

private:
  void look();

  std::function<void(guest&)> send_away_;
  boost::intrusive::list<guest, boost::intrusive::base_hook<hook>, boost::intrusive::constant_time_size<false>> queue_;
  net::timer timer_;
  bool armed_ = false;
  bool stopping_ = false;
};

} // namespace rollcall::gateway
