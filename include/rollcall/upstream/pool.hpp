#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/upstream/error.hpp"
#include "rollcall/upstream/instance.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <deque>
#include <expected>
#include <memory>
#include <vector>

namespace rollcall::upstream {

/// What is read ahead of a parser, at most. Beast limits an answer's head, but neither a chunk's extension nor a
/// trailer, which would otherwise grow this without end.
inline constexpr std::size_t read_ahead_most = 128 * 1024;
/// What is asked of the kernel at a time, at least: Beast asks for as much as the buffer has room for, which is 512
/// bytes unless something is set aside. A list of a hundred members took a hundred reads.
inline constexpr std::size_t read_least = 32 * 1024;

/// One connection to an instance. Its deadline closes the socket, so that whatever waits on it ends. A deadline costs
/// next to nothing: the timer behind it is left alone when it would fire too early, and looks again then.
class link : public std::enable_shared_from_this<link>,
             public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  explicit link(net::executor ex) : socket(ex), timer_(ex) { buffer.reserve(read_least); }

  /// Replaces the deadline.
  void expires_at(net::steady_clock::time_point when);
  void no_deadline() noexcept { deadline_ = net::steady_clock::time_point::max(); }
  [[nodiscard]] net::steady_clock::time_point expiry() const noexcept { return deadline_; }
  /// The deadline has passed, which is why the socket is closed.
  [[nodiscard]] bool overdue() const noexcept { return overdue_; }
  /// Nothing has come, not even an end, since the last answer: a request may be put on it.
  [[nodiscard]] bool is_quiet();

  net::tcp_socket socket;
  /// What has been read and not yet parsed.
  boost::beast::flat_buffer buffer{read_ahead_most};
  /// It has carried an exchange before.
  bool reused = false;
  net::steady_clock::time_point idle_since;

private:
  void watch_until(net::steady_clock::time_point when);
  void look_at_the_clock();

  net::timer timer_;
  net::steady_clock::time_point deadline_ = net::steady_clock::time_point::max();
  net::steady_clock::time_point watched_until_ = net::steady_clock::time_point::max(); // when the timer fires
  bool overdue_ = false;
};

struct pool_options {
  std::chrono::milliseconds connect_timeout{2000};
  /// Idle connections kept, at most.
  std::size_t idle_most = 64;
  /// An idle connection older than this is closed: below the keep-alive time-outs of common servers (Tomcat: 20 s), so
  /// that they rarely close one that we are about to use.
  std::chrono::milliseconds idle_for{10'000};
};

struct pool_stats {
  ops::counter connects;
  ops::counter connect_failures;
  ops::counter reuses;
  ops::counter stale; ///< idle connections that turned out to be dead before a request was put on them
  ops::counter open;  ///< gauge: connections that carry a request
  ops::counter idle;  ///< gauge
};

/// Keep-alive connections to one instance. One a thread; all functions are called on it.
class pool {
public:
  pool(net::executor ex, instance to, const pool_options& options);
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// An idle connection that still lives, or else (always, with `fresh`) a new one, by `latest`.
  net::task<std::expected<std::shared_ptr<link>, failure>>
  take(bool fresh = false, net::steady_clock::time_point latest = net::steady_clock::time_point::max());

  /// An idle connection that still lives, or null.
  std::shared_ptr<link> take_idle();

  /// The exchange on it is over: `reusable` says that its answer was read to the end and the instance keeps it open.
  void give_back(std::shared_ptr<link> l, bool reusable);

  /// Closes every connection, and from now on every one that is given back: exchanges that are under way fail.
  void stop();

  [[nodiscard]] const instance& target() const noexcept { return to_; }
  [[nodiscard]] const pool_stats& stats() const noexcept { return stats_; }

private:
  net::task<std::expected<std::shared_ptr<link>, failure>> connect(net::steady_clock::time_point latest);
  net::task<net::error_code> connect(link& l);
  struct name_lookup;
  net::task<std::expected<std::vector<net::tcp::endpoint>, net::error_code>>
  look_up(net::steady_clock::time_point latest);
  void sweep();
  void close_older_than(net::steady_clock::time_point limit);

  net::executor ex_;
  instance to_;
  pool_options options_;
  pool_stats stats_;
  std::deque<std::shared_ptr<link>> idle_;                                         // the most recently used at the back
  boost::intrusive::list<link, boost::intrusive::constant_time_size<false>> open_; // connecting, or with an exchange
  std::vector<std::weak_ptr<name_lookup>> lookups_;                                // that somebody waits for
  net::timer sweeper_;
  bool sweeping_ = false;
  bool stopped_ = false;
};

} // namespace rollcall::upstream
