#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/net/reactor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/ops/histogram.hpp"
#include "rollcall/upstream/error.hpp"
#include "rollcall/upstream/health.hpp"
#include "rollcall/upstream/instance.hpp"
#include "rollcall/upstream/link.hpp"
#include "rollcall/upstream/names.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rollcall::upstream {

struct pool_options {
  std::chrono::milliseconds connect_timeout{2000};
  /// Idle connections kept, at most.
  std::size_t idle_most = 64;
  /// An idle connection older than this is closed: below the keep-alive time-outs of common servers (Tomcat: 20 s), so
  /// that they rarely close one that we are about to use.
  std::chrono::milliseconds idle_for{10'000};
  /// How long a name's addresses are good for before they are looked up again.
  std::chrono::milliseconds dns_ttl{30'000};
  /// Who is asked for them; null: the system. Not to be changed later.
  upstream::look_up look_up{};
};

struct pool_stats {
  ops::counter connects;
  ops::counter connect_failures;
  ops::counter reuses;
  ops::counter stale; ///< kept connections that ended, or said something, before a request was put on them
  ops::counter open;  ///< gauge: connections that carry a request
  ops::counter idle;  ///< gauge
  // Of the cached route.
  ops::counter calls;                                      ///< those that were made
  std::array<ops::counter, failure_count> call_failures{}; ///< those without a whole answer, or not made: see failure
  ops::histogram call_seconds;
};

/// Keep-alive connections to one instance. One that ends while it is idle, or says something unasked, is closed at
/// once. One a thread; all functions are called on it.
class pool {
public:
  /// `edges` outlives the pool and its links. `condition` is told how the instance does; null: nobody is. `trust` is
  /// for an instance over https, and only then not null.
  pool(const net::executor& ex, net::reactor& edges, instance to, const pool_options& options,
       std::shared_ptr<health> condition = nullptr, std::shared_ptr<net::tls_context> trust = nullptr);
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

  /// Whether a call that can be answered otherwise is to be made: see health::takes().
  [[nodiscard]] bool takes_calls() { return !condition_ || condition_->takes(net::steady_clock::now()); }
  /// Count a call of the cached route: one that is not made for that reason; one that begins, and that it is over, with
  /// an answer of that status or with a failure.
  void call_refused() { stats_.call_failures[static_cast<std::size_t>(failure::ejected) - 1].add(); }
  void call_began() { stats_.calls.add(); }
  void call_ended(net::steady_clock::time_point began, std::expected<unsigned, failure> how);
  /// Any exchange is over. For the instance's health.
  void exchange_ended(std::expected<unsigned, failure> how);
  [[nodiscard]] const health* condition() const noexcept { return condition_.get(); }

  /// For what begins from now on.
  void change(const pool_options& o) { options_ = o; }

  /// Closes every connection, and from now on every one that is given back: exchanges that are under way fail.
  void stop();

  [[nodiscard]] const instance& target() const noexcept { return to_; }
  [[nodiscard]] const pool_stats& stats() const noexcept { return stats_; }

private:
  net::task<std::expected<std::shared_ptr<link>, failure>> connect(net::steady_clock::time_point latest);
  net::task<std::expected<std::shared_ptr<link>, failure>> connect_to(net::tcp::endpoint where,
                                                                      net::steady_clock::time_point latest);
  void close_idle(const address_book::addresses& to);
  void watch_idle(link& l);
  void on_unasked(link& l);
  void sweep();
  void close_older_than(net::steady_clock::time_point limit);

  net::executor ex_;
  net::reactor& edges_;
  instance to_;
  names names_;
  pool_options options_;
  std::shared_ptr<health> condition_;
  std::optional<tls_terms> tls_;
  std::string trouble_;      // why there was no connection the last time, for operators
  bool misdirected_ = false; // and it looks like a mistake in the configuration
  pool_stats stats_;
  std::deque<std::shared_ptr<link>> idle_;                                         // the most recently used at the back
  boost::intrusive::list<link, boost::intrusive::constant_time_size<false>> open_; // connecting, or with an exchange
  net::timer sweeper_;
  bool sweeping_ = false;
  bool stopped_ = false;
};

} // namespace rollcall::upstream
