#pragma once

#include "rollcall/upstream/concurrency_limit.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <queue>
#include <random>
#include <vector>

namespace support {

/// An instance with so many servers and one queue in front of them, and a crowd that gives it as many calls as the
/// limit and its own demand allow. No clock, no threads: an event after the other.
class simulated_instance {
public:
  using limit = rollcall::upstream::concurrency_limit;
  using time_point = limit::time_point;
  using seconds = std::chrono::duration<double>;

  unsigned servers = 16;
  double service = 0.05; // seconds, on average
  bool random = true;    // exponential; otherwise always the same
  unsigned demand = std::numeric_limits<unsigned>::max();
  double timeout = 10; // seconds
  bool hangs = false;  // answers nothing: every call ends with its time-out

  simulated_instance(limit& l, unsigned seed) : limit_(l), random_(seed) {}

  struct outcome {
    double calls_a_second = 0;
    double latency = 0; // mean, seconds
    double limit = 0;   // mean, over calls
    unsigned lowest = std::numeric_limits<unsigned>::max();
    unsigned highest = 0;
  };

  /// Goes on for so long.
  outcome run(double how_long) {
    const double end = now_ + how_long;
    outcome o;
    std::size_t calls = 0;
    fill();
    while (!ends_.empty() && ends_.top().at <= end) {
      const auto e = ends_.top();
      ends_.pop();
      now_ = e.at;
      const limit::running among{e.running, running_--};
      const bool late = e.at - e.began >= timeout - 1e-9;
      limit_.sample(std::chrono::duration_cast<limit::duration>(seconds(e.at - e.began)), among, late, clock());
      ++calls;
      o.latency += e.at - e.began;
      o.limit += limit_.get();
      o.lowest = std::min(o.lowest, limit_.get());
      o.highest = std::max(o.highest, limit_.get());
      fill();
    }
    now_ = end;
    if (calls > 0) {
      o.latency /= static_cast<double>(calls);
      o.limit /= static_cast<double>(calls);
    }
    o.calls_a_second = static_cast<double>(calls) / how_long;
    return o;
  }

private:
  struct call {
    double at;
    double began;
    unsigned running;
    bool operator>(const call& other) const { return at > other.at; }
  };

  time_point clock() const { return time_point(std::chrono::duration_cast<time_point::duration>(seconds(now_))); }

  void fill() {
    free_at_.resize(servers, now_); // new servers are idle; what those that are gone had to do, they have done
    while (running_ < std::min(limit_.get(), demand)) {
      ++running_;
      double end = now_ + timeout;
      if (!hangs) {
        auto& server = *std::ranges::min_element(free_at_);
        const double own = random ? std::exponential_distribution<double>(1 / service)(random_) : service;
        server = std::max(server, now_) + own;
        end = std::min(end, server);
      }
      ends_.push({end, now_, running_});
    }
  }

  limit& limit_;
  std::mt19937 random_;
  double now_ = 1;
  unsigned running_ = 0;
  std::vector<double> free_at_;
  std::priority_queue<call, std::vector<call>, std::greater<>> ends_;
};

} // namespace support
