#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/freshness.hpp"

#include "one_call_trace.hpp"
#include "simulated_time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rollcall::simulation {

/// How the instance answers.
struct temper {
  microseconds least{300'000};
  microseconds most{300'000};
  /// Share of calls that come to an HTTP error.
  double failures = 0;
};

/// The instance, and the account of what was asked of it and of what bots got.
class ledger {
public:
  struct totals {
    std::size_t answers = 0;
    std::size_t errors = 0; ///< answers that were none
    std::size_t waits = 0;  ///< answers that took as long as a call does
    std::size_t calls = 0;
    std::size_t failures = 0; ///< of those
    std::size_t ahead = 0;    ///< calls although the fleet had a fresh list already
    std::size_t doubled = 0;  ///< calls while another one for the same subject was under way
    std::size_t unpaced = 0;  ///< calls of a gateway that had failed to renew the same list just before
    std::size_t expired = 0;  ///< answers past everything
    std::size_t overdue = 0;  ///< answers past stale-while-revalidate
    microseconds longest{0};  ///< wait for an answer
  };
  struct call {
    bool succeeds = true;
    microseconds takes{0};
    /// The draw by which its freshness is shortened.
    double spread = 0;
  };

  ledger(std::size_t subjects, std::size_t gateways, const cache::windows& w, cache::milliseconds pause, temper of)
      : windows_(w), pause_(pause), temper_(of),
        accounts_(subjects, account{.no_sooner = std::vector<cache::time_point>(gateways)}) {}

  call call_begins(const subject& who, std::size_t gateway, cache::time_point now) {
    auto& a = accounts_[who.number];
    ++totals_.calls;
    totals_.ahead += now < a.fresh_until;
    totals_.doubled += a.under_way++ > 0;
    totals_.unpaced += now < a.no_sooner[gateway];
    const auto n = a.calls++;
    const auto range = static_cast<double>((temper_.most - temper_.least).count());
    return {draw(3, who.number, n) >= temper_.failures,
            temper_.least + microseconds(static_cast<microseconds::rep>(range * draw(4, who.number, n))),
            spread_of(who.number, a.lists)};
  }

  /// `stale`, which may be null, is what can be served meanwhile.
  void call_fails(const subject& who, std::size_t gateway, const cache::entry* stale, cache::time_point now) {
    auto& a = accounts_[who.number];
    --a.under_way;
    ++totals_.failures;
    if (stale != nullptr)
      a.no_sooner[gateway] = std::min(now + pause_, stale->serve_until);
  }

  void call_brings(const subject& who, const cache::entry& e) {
    auto& a = accounts_[who.number];
    --a.under_way;
    ++a.lists;
    a.fresh_until = e.fresh_until;
    std::ranges::fill(a.no_sooner, cache::time_point::min());
  }

  /// `e` may be null.
  void answered(const cache::entry* e, microseconds asked, microseconds now) {
    ++totals_.answers;
    totals_.waits += now - asked >= temper_.least;
    totals_.longest = std::max(totals_.longest, now - asked);
    if (e == nullptr) {
      ++totals_.errors;
      return;
    }
    const auto v = cache::judge(*e, windows_, timeline::wall_at(now));
    totals_.expired += v == cache::verdict::expired;
    totals_.overdue += v == cache::verdict::stale_if_error;
  }

  [[nodiscard]] const totals& sums() const noexcept { return totals_; }

private:
  struct account {
    std::size_t calls = 0;
    std::size_t lists = 0;
    std::size_t under_way = 0;
    cache::time_point fresh_until = cache::time_point::min();
    /// Of each gateway, after it has failed.
    std::vector<cache::time_point> no_sooner;
  };

  const cache::windows windows_;
  const cache::milliseconds pause_;
  const temper temper_;
  std::vector<account> accounts_;
  totals totals_;
};

} // namespace rollcall::simulation
