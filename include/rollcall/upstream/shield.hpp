#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/upstream/admission.hpp"
#include "rollcall/upstream/retry_budget.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <expected>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace rollcall::upstream {

struct shield_options {
  admission_options admission;
  /// Share of calls that may be made a second time: see retry_budget.
  double retries = 0.2;
};

/// Written under the shield's lock, read by any thread.
struct shield_stats {
  ops::counter admitted;
  ops::counter waited; ///< of those, the ones that had to wait
  std::array<ops::counter, refusal_reason_count> refused;
  ops::counter skipped; ///< refreshes, which do not wait
  ops::counter retries;
  ops::counter retries_denied; ///< the budget was spent
};

class shield;

/// The right to make one call, and the duty to tell how it went: dropped, it went in a way that says nothing. Of one
/// thread.
class pass {
public:
  pass() = default; // none
  pass(pass&& other) noexcept : shield_(other.shield_), waiter_(std::move(other.waiter_)) {}
  pass& operator=(pass&& other) noexcept {
    std::swap(shield_, other.shield_);
    waiter_.swap(other.waiter_);
    return *this;
  }
  ~pass();

  /// The request is about to be written.
  void sending();
  /// The same call may be put on another connection at once, because the first was dead. That counts as a retry: the
  /// instance may have seen it. Where calls are spaced, never.
  bool may_repeat();
  void finish(admission::ending e);

private:
  friend class shield;
  struct waiter;
  pass(shield& s, std::shared_ptr<waiter> w) : shield_(&s), waiter_(std::move(w)) {}

  shield* shield_ = nullptr;
  std::shared_ptr<waiter> waiter_; // null: over
};

/// Stands in front of the instances, for all threads of the process: admission and retry budgets behind one lock, which
/// is held for a moment by each call that goes upstream, and by nothing else. One lock, because there is one order in
/// which calls go, across wIds and threads.
///
/// Any thread, unless it says otherwise. Whoever waits is woken by a post to its own executor. Outlives all of that.
class shield {
public:
  struct call {
    std::size_t instance = 0;
    std::string w_id;
    urgency who = urgency::client;
    net::steady_clock::time_point deadline;
    /// may_retry() has allowed it.
    bool again = false;
  };

  /// `instances` are their names, for the log; a call's number counts among them.
  shield(std::vector<std::string> instances, const shield_options& o);
  shield(const shield&) = delete;
  shield& operator=(const shield&) = delete;

  /// Waits for a turn, on the thread of `ex`. Ends by the call's deadline; at once when there would be none until then.
  net::task<std::expected<pass, refusal>> enter(call c, net::executor ex);

  /// Whether a call to that instance may be made again, which then counts. The caller has to enter again.
  bool may_retry(std::size_t instance);

  /// Refuses all who wait on `ex`, and who will. On its thread.
  void abandon(const net::executor& ex);

  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t instance) const { return names_[instance]; }
  [[nodiscard]] const shield_stats& stats(std::size_t instance) const { return parts_[instance].stats; }
  [[nodiscard]] admission::load load(std::size_t instance) const;
  /// Gauge: wIds with calls under way, or that had one within the spacing.
  [[nodiscard]] std::size_t wids() const;

private:
  friend class pass;
  struct part {
    explicit part(double retries) : budget(retries) {}
    retry_budget budget;
    shield_stats stats;
    /// When a client was refused last, for each reason: for the log.
    std::array<net::steady_clock::time_point, refusal_reason_count> refused_at{};
  };

  static void wake(admission::guest& g);
  void begin(const std::shared_ptr<pass::waiter>& w, const call& c);
  bool note(const pass::waiter& w, const call& c, bool waited);

  const std::vector<std::string> names_;
  const bool spaced_;
  mutable std::mutex mutex_; // guards all that follows, and what passes hold
  admission queue_;
  std::deque<part> parts_; // counters do not move
  std::vector<const net::asio::io_context*> abandoned_;
  std::mt19937_64 random_{std::random_device{}()};
};

} // namespace rollcall::upstream
