#pragma once

#include "rollcall/gateway/background.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/net/passing.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rollcall::gateway {

/// What the two say to each other; the last one only once the sockets are in use by the other.
namespace hand_over_words {
inline constexpr std::string_view ask = "rollcall take-over 1";
inline constexpr std::string_view bots = "bots";   ///< with sockets
inline constexpr std::string_view admin = "admin"; ///< with a socket
inline constexpr std::string_view all = "all";
inline constexpr std::string_view serving = "serving";
inline constexpr std::string_view draining = "draining";
} // namespace hand_over_words

/// The end of a take-over at the process that is replaced: waits under a name to be asked for the listening sockets,
/// by a process of the same user, and passes them on. On the control thread.
class hand_over {
public:
  struct offer {
    std::vector<int> bots;
    std::vector<int> admin;
  };

  /// `taken` is called when another process serves with the same sockets.
  hand_over(const net::executor& control, std::function<void(pid_t)> taken)
      : ex_(control), taken_(std::move(taken)), retry_(control), tasks_(control, running_) {}

  /// From now on under that name. While another process has it, this one cannot be taken over from, and tries again.
  void start(std::string name, offer sockets);
  /// The name is free again, whatever is under way fails.
  void stop();

private:
  using line = net::asio::posix::basic_stream_descriptor<net::executor>;

  bool claim();
  void claim_later();
  net::task<> wait_for_askers();
  net::task<> serve(std::shared_ptr<line> to);
  net::error_code pass_sockets(int to) const;

  net::executor ex_;
  std::function<void(pid_t)> taken_;
  std::string name_;
  offer offer_;
  std::optional<line> door_;
  std::weak_ptr<line> asker_;
  net::timer retry_;
  bool complained_ = false;
  bool stopped_ = false;
  ops::counter running_;
  background tasks_;
};

} // namespace rollcall::gateway
