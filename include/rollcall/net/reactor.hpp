#pragma once

#include "rollcall/net/executor.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rollcall::net {

/// Tells the owners of a thread's sockets, clients' and instances', when they may read or write: one epoll set,
/// edge-triggered (epoll(7)), which Asio's loop watches as a single descriptor.
///
/// Asio's own sockets (Boost 1.81, epoll_reactor::start_op) read before they wait, which is a system call in vain for a
/// client that has just been answered, and each wait takes an allocation and several locks. Here a hit is one recv and
/// one send: 0.7 of 8.4 microseconds less.
///
/// Used on the thread of its executor only. Outlives what it watches.
class reactor {
public:
  class watcher {
  public:
    /// `events` as epoll_wait(2) gives them, each edge once; 0 after again(). May forget and destroy any watcher,
    /// itself included.
    virtual void on_events(std::uint32_t events) noexcept = 0;

  protected:
    ~watcher() = default;
  };

  /// Throws boost::system::system_error when there is no descriptor for it.
  explicit reactor(const executor& ex);

  void start();
  /// Ends the wait, so that the loop may run out of work.
  void stop();

  /// Readable, writable, hung up: all of it, until forget(). Tells at once of what is the case already.
  error_code watch(int socket, watcher& w);
  /// `w` hears nothing more. To be called before the descriptor is closed, which takes it out of the set.
  void forget(const watcher& w) noexcept;
  /// Calls on_events(0) in a later turn of the loop, once, however often it was asked for: for an owner that has not
  /// read all there was.
  void again(watcher& w);
  /// Whether something may have come for `w` that it was not told of. No means: not before the event that is being told
  /// now, nor for long after it.
  [[nodiscard]] bool may_owe(const watcher& w) const noexcept;

private:
  void wait();
  void take();
  std::size_t take_once();
  void call_again();

  static constexpr std::size_t events_most = 256;
  // So many events after the set was asked, that is no longer "now": about a millisecond. 64 busy clients stay below.
  static constexpr std::size_t told_most = 128;

  executor ex_;
  asio::posix::basic_stream_descriptor<executor> set_;
  std::array<epoll_event, events_most> events_;
  std::size_t at_ = 0; // events_[at_, count_) are still to be told
  std::size_t count_ = 0;
  std::vector<watcher*> again_;
  std::vector<watcher*> called_; // what again_ held, while they are called
};

} // namespace rollcall::net
