// Thousands of random schedules, of which a model that knows nothing of queues judges every step.
#include "rollcall/upstream/admission.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace rollcall::upstream;
using guest = admission::guest;
using state = guest::state;
using time_point = admission::time_point;

constexpr std::size_t instances = 2;

/// One call, from the caller's side.
struct caller : guest {
  std::size_t instance = 0;
  std::string w_id;
  time_point latest_possible; // its deadline
  time_point next;            // when it does what comes next: send, end
  bool waited = false;
  bool sent = false;
  bool runs = false; // as far as the model knows
};

class schedule {
public:
  schedule(unsigned seed, const admission_options& o)
      : random_(seed), options_(o), queue_(instances, o, [this](guest& g) { ++told_[&g]; }) {}

  void run(int arrivals) {
    for (int i = 0; i < arrivals; ++i) {
      const auto arrival = now_ + std::chrono::microseconds(random_() % 30'000);
      while (const auto* c = due_by(arrival))
        step(const_cast<caller&>(*c));
      now_ = arrival;
      arrive();
      check();
    }
    while (const auto* c = due_by(time_point::max()))
      step(const_cast<caller&>(*c));
    BOOST_REQUIRE(queue_.waiting() == 0);
    BOOST_REQUIRE(callers_.empty());
  }

  std::size_t started = 0;
  std::size_t waited = 0;
  std::size_t refused = 0;

private:
  time_point due(const caller& c) const { return c.now() == state::waits ? c.look_at() : c.next; }

  const caller* due_by(time_point limit) const {
    const caller* first = nullptr;
    for (const auto& c : callers_)
      if (due(*c) <= limit && (!first || due(*c) < due(*first)))
        first = c.get();
    return first;
  }

  void arrive() {
    auto& c = *callers_.emplace_back(std::make_unique<caller>());
    c.instance = random_() % instances;
    c.w_id = std::to_string(random_() % 5) + (c.instance == 0 ? "a" : "b");
    c.latest_possible = now_ + std::chrono::milliseconds(random_() % 2000);
    const auto who = random_() % 5 == 0 ? urgency::refresh : urgency::client;
    const double random = static_cast<double>(random_() % 1000) / 1000;
    queue_.enter(c, {c.instance, c.w_id, who, c.latest_possible, random}, now_);
    BOOST_REQUIRE((c.now() != state::waits || who == urgency::client));
    c.waited = c.now() == state::waits;
    notice();
    forget();
  }

  // A waiting caller's timer fires, or a running one sends, or ends.
  void step(caller& c) {
    now_ = std::max(now_, due(c));
    if (c.now() == state::waits && random_() % 20 == 0)
      queue_.leave(c, now_);
    else if (c.now() == state::waits)
      queue_.look(c, now_);
    else if (!c.sent && random_() % 10 != 0)
      send(c);
    else
      end(c);
    notice();
    check();
    forget();
  }

  void forget() {
    std::erase_if(callers_, [](const auto& c) { return c->now() == state::outside || c->now() == state::refused; });
  }

  void send(caller& c) {
    queue_.sending(c, now_);
    c.sent = true;
    c.next = now_ + std::chrono::microseconds(random_() % 100'000);
    if (const auto last = last_sent_.find(c.w_id); last != last_sent_.end())
      BOOST_REQUIRE(now_ - last->second >= options_.spacing);
    last_sent_[c.w_id] = now_;
  }

  void end(caller& c) {
    c.runs = false;
    const auto how = random_() % 3;
    queue_.finish(c, how == 0 ? admission::ending::other : admission::ending::answered, now_);
  }

  // Who has begun to run, or was refused, since the last look.
  void notice() {
    for (auto& c : callers_) {
      if (c->now() == state::runs && !c->runs) {
        BOOST_REQUIRE((!c->waited || told_[c.get()] > 0));
        BOOST_REQUIRE((now_ <= c->latest_possible || !c->waited));
        no_earlier_one_waits(*c);
        c->runs = true;
        c->next = now_ + std::chrono::microseconds(random_() % 5'000);
        ++started;
        waited += c->waited;
      }
      if (c->now() == state::refused) {
        BOOST_REQUIRE((!c->waited || told_[c.get()] > 0));
        ++refused;
      }
      if (c->now() == state::outside || c->now() == state::refused)
        told_.erase(c.get());
    }
  }

  void no_earlier_one_waits(const caller& started_now) {
    for (const auto& c : callers_) { // in the order in which they came
      if (c.get() == &started_now)
        return;
      BOOST_REQUIRE((c->w_id != started_now.w_id || c->now() != state::waits));
    }
  }

  // The limits hold, and nobody waits who need not.
  void check() {
    std::map<std::string, unsigned> of_wid;
    std::map<std::string, bool> starting;
    unsigned of_instance[instances] = {};
    for (const auto& c : callers_)
      if (c->now() == state::runs) {
        ++of_wid[c->w_id];
        ++of_instance[c->instance];
        starting[c->w_id] |= !c->sent;
      }
    for (std::size_t i = 0; i < instances; ++i) {
      BOOST_REQUIRE(of_instance[i] <= options_.concurrency.most);
      BOOST_REQUIRE(of_instance[i] == queue_.at(i).running);
    }
    for (const auto& [w_id, n] : of_wid)
      BOOST_REQUIRE((options_.per_wid == 0 || n <= options_.per_wid));
    if (options_.jitter > 0)
      return;
    for (const auto& c : callers_) {
      if (c->now() != state::waits || of_instance[c->instance] == options_.concurrency.most)
        continue;
      const auto last = last_sent_.find(c->w_id);
      const bool spaced = options_.spacing.count() > 0;
      const bool held = (options_.per_wid > 0 && of_wid[c->w_id] >= options_.per_wid) ||
                        (spaced && starting[c->w_id]) ||
                        (spaced && last != last_sent_.end() && now_ < last->second + options_.spacing);
      // Its turn may have come this very moment, and its timer be about to fire.
      BOOST_REQUIRE((held || c->look_at() <= now_ || !is_first(*c)));
    }
  }

  bool is_first(const caller& c) const {
    return std::ranges::find_if(callers_, [&](const auto& each) {
             return each->w_id == c.w_id && each->now() == state::waits;
           })->get() == &c;
  }

  std::mt19937 random_;
  const admission_options options_;
  time_point now_ = time_point() + 1h;
  std::vector<std::unique_ptr<caller>> callers_;
  std::map<const guest*, int> told_;
  std::map<std::string, time_point> last_sent_;
  admission queue_;
};

BOOST_AUTO_TEST_SUITE(admission_schedules_suite)

BOOST_AUTO_TEST_CASE(whatever_the_schedule_no_rule_is_broken_and_nobody_is_forgotten) {
  std::size_t started = 0;
  std::size_t waited = 0;
  std::size_t refused = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    admission_options o;
    o.spacing = std::chrono::milliseconds(seed % 3 == 0 ? 0 : seed % 101);
    o.jitter = seed % 2 == 0 ? 0 : 0.5;
    o.per_wid = seed % 4;
    o.concurrency = {.least = seed % 7 + 1, .most = seed % 7 + 1};
    o.waiting_most = seed % 5 == 0 ? 3 : 1000;
    schedule s(seed, o);
    BOOST_TEST_CONTEXT("seed " << seed) {
      s.run(100);
    }
    started += s.started;
    waited += s.waited;
    refused += s.refused;
  }
  BOOST_TEST_MESSAGE(started << " started, " << waited << " of them waited, " << refused << " were refused");
  BOOST_TEST(waited > started / 10, "otherwise this tests little");
  BOOST_TEST(refused > started / 100);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
