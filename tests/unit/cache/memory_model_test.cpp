#include "rollcall/cache/memory.hpp"

#include "entries.hpp"
#include "keep.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <ranges>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace rollcall::cache;
using namespace rollcall::test;

using stamp = memory::stamp_type;

/// Stamps go back so far that no records have overflowed since.
constexpr stamp longest_flight = 200;

struct place {
  std::string w_id;
  std::string room;
};

/// What is purged, as the one who asks for it knows it: unescaped, or absent.
struct target {
  std::optional<std::string> w_id;
  std::optional<std::string> room;

  [[nodiscard]] bool covers(const place& p) const { return (!w_id || *w_id == p.w_id) && (!room || *room == p.room); }
  [[nodiscard]] scope as_scope() const {
    return !room ? scope::account(*w_id) : !w_id ? scope::room(*room) : scope::of(*w_id, *room);
  }
};

/// The cache beside a model that forgets nothing. The cache may have lost any entry, but what it has must be right, and
/// so must be what it says about it.
class beside_a_model {
public:
  beside_a_model(std::size_t capacity, std::uint64_t rooms, std::uint64_t seed)
      : cache_(capacity), capacity_(capacity), random_(seed) {
    for (const auto* const w_id : {"w-1", "w:1", "w%3A1", "{w}"})
      for (std::uint64_t r = 0; r < rooms; ++r)
        for (const auto* const field : {"wcId", "chatRoomId"}) {
          const place p{w_id, std::to_string(r) + "@chatroom"};
          for (const auto credential : {no_credential, std::string_view("0123456789abcdef")}) {
            ids_.emplace_back(credential, field, p.w_id, p.room);
            places_.push_back(p);
          }
        }
  }

  void step() {
    const auto n = random_() % ids_.size();
    switch (random_() % 20) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      insert(n);
      break;
    case 5:
      replace(n);
      break;
    case 6:
      erase(n);
      break;
    case 7:
      now_ += milliseconds(random_() % 20);
      break;
    case 8:
    case 9:
      suspect(n);
      break;
    case 10:
    case 11:
      confirm(n);
      break;
    case 12:
      if (random_() % 4 == 0)
        purge(places_[n]);
      break;
    case 13:
      if (random_() % 20 == 0)
        change_trust();
      break;
    default:
      (void)look(n);
    }
    const auto stats = cache_.stats();
    BOOST_REQUIRE(stats.bytes <= capacity_);
    BOOST_REQUIRE(stats.entries <= ids_.size());
  }

  [[nodiscard]] memory_stats stats() const { return cache_.stats(); }
  /// How often an insertion ended so.
  [[nodiscard]] std::uint64_t count(keeping k) { return ends_[k]; }

private:
  struct remembered {
    entry_ptr entry;
    stamp good_since = 0;
  };

  /// What the cache has of an identity, which must be what the model has unless it is nothing.
  remembered& look(std::size_t n) {
    remembered& model = model_[n];
    const auto found = cache_.find(ids_[n], now_);
    const auto matches = cache_.matching(scope::of(places_[n].w_id, places_[n].room), now_);
    const auto match = std::ranges::find_if(matches, [&](const entry_ptr& e) { return e->id == ids_[n]; });
    BOOST_REQUIRE(found.entry == (match == matches.end() ? nullptr : *match));
    if (found.entry == nullptr) {
      model = {};
    } else {
      BOOST_REQUIRE(found.entry == model.entry);
      BOOST_REQUIRE((found.entry->id == ids_[n]));
      BOOST_REQUIRE(found.entry->serve_until > now_);
      BOOST_REQUIRE(found.suspect == is_suspect(model.good_since));
    }
    return model;
  }

  void insert(std::size_t n) {
    remembered& model = look(n);
    auto e = some_entry(n);
    const auto asked = some_stamp();
    const bool again = model.entry != nullptr && random_() % 8 == 0;
    if (again)
      e->version = model.entry->version;
    auto good_since = suspected_after(n, asked) ? 0 : asked;
    if (again)
      good_since = std::max(good_since, model.good_since);
    const bool outdone = !again && model.entry != nullptr && model.entry->fetched_at > e->fetched_at &&
                         (!is_suspect(model.good_since) || model.good_since >= good_since);

    const auto end = cache_.insert(e, now_, asked);
    ++ends_[end];
    if (purged_after(places_[n], asked)) {
      BOOST_REQUIRE(end == keeping::fenced);
    } else if (outdone) {
      BOOST_REQUIRE(end == keeping::older);
    } else if (end == keeping::refused) {
      BOOST_REQUIRE((e->serve_until <= now_ || e->bytes() + 200 > capacity_ / 8));
      model = {};
    } else {
      BOOST_REQUIRE(e->serve_until > now_);
      BOOST_REQUIRE(end == (is_suspect(good_since) ? keeping::suspect : keeping::kept));
      model = {e, good_since};
      BOOST_REQUIRE(cache_.find(ids_[n], now_).entry == e);
    }
    (void)look(n);
  }

  void replace(std::size_t n) {
    remembered& model = look(n);
    const auto e = some_entry(n);
    if (model.entry != nullptr && random_() % 4 != 0)
      e->version = model.entry->version;
    if (cache_.replace(e)) {
      BOOST_REQUIRE(model.entry != nullptr);
      BOOST_REQUIRE(model.entry->version == e->version);
      model.entry = e;
    }
    (void)look(n);
  }

  void erase(std::size_t n) {
    remembered& model = look(n);
    const bool right = model.entry != nullptr && random_() % 2 == 0;
    BOOST_REQUIRE(cache_.erase(ids_[n], right ? model.entry->version : ++version_) == right);
    if (right)
      model = {};
    (void)look(n);
  }

  void suspect(std::size_t n) {
    cache_.suspect(ids_[n]);
    suspicions_.push_back({cache_.stamp(), n});
    model_[n].good_since = 0;
    (void)look(n);
  }

  void confirm(std::size_t n) {
    remembered& model = look(n);
    const auto asked = some_stamp();
    const bool right = model.entry != nullptr && random_() % 4 != 0;
    cache_.confirm(ids_[n], right ? model.entry->version : ++version_, asked);
    if (right && !suspected_after(n, asked))
      model.good_since = std::max(model.good_since, asked);
    (void)look(n);
  }

  void purge(const place& p) {
    target t;
    const auto kind = random_() % 10;
    if (kind < 6)
      t.w_id = p.w_id;
    if (kind > 0)
      t.room = p.room;
    const auto matches = cache_.matching(t.as_scope(), now_);
    std::set<entry_ptr> expected(matches.begin(), matches.end());
    for (const auto& e : cache_.purge(t.as_scope()))
      BOOST_REQUIRE((expected.erase(e) == 1 || e->serve_until <= now_));
    BOOST_REQUIRE(expected.empty());
    purges_.push_back({cache_.stamp(), t});
    for (std::size_t n = 0; n < ids_.size(); ++n)
      if (t.covers(places_[n])) {
        BOOST_REQUIRE(cache_.find(ids_[n], now_).entry == nullptr);
        model_[n] = {};
      }
  }

  void change_trust() {
    if (random_() % 2 == 0) {
      cache_.distrust();
      trusted_since_ = std::numeric_limits<stamp>::max();
    } else {
      cache_.trust();
      trusted_since_ = cache_.stamp();
    }
  }

  [[nodiscard]] bool is_suspect(stamp good_since) const { return good_since < trusted_since_; }

  [[nodiscard]] bool purged_after(const place& p, stamp asked) const {
    return std::ranges::any_of(purges_ | std::views::reverse |
                                   std::views::take_while([&](const auto& x) { return x.at > asked; }),
                               [&](const auto& x) { return x.of.covers(p); });
  }
  [[nodiscard]] bool suspected_after(std::size_t n, stamp asked) const {
    return std::ranges::any_of(suspicions_ | std::views::reverse |
                                   std::views::take_while([&](const auto& x) { return x.at > asked; }),
                               [&](const auto& x) { return x.of == n; });
  }

  /// Now, or up to longest_flight ago.
  stamp some_stamp() {
    const auto now = cache_.stamp();
    return random_() % 2 == 0 ? now : now - std::min(now - 1, random_() % longest_flight);
  }

  /// From 100 B to 300 KB, small ones as likely as large ones.
  std::shared_ptr<entry> some_entry(std::size_t n) {
    const auto size = 100 * std::pow(3'000.0, std::uniform_real_distribution(0.0, 1.0)(random_));
    const auto lives = milliseconds(random_() % 4'000);
    auto e = make_entry(ids_[n], static_cast<std::size_t>(size), now_ + lives, ++version_);
    e->fetched_at = now_ - milliseconds(random_() % 500);
    return e;
  }

  struct purge_record {
    stamp at;
    target of;
  };
  struct suspicion_record {
    stamp at;
    std::size_t of;
  };

  memory cache_;
  std::size_t capacity_;
  std::mt19937_64 random_;
  std::uint64_t version_ = 0;
  time_point now_ = at(1'000'000);
  std::vector<identity> ids_;
  std::vector<place> places_;
  std::map<std::size_t, remembered> model_;
  std::vector<purge_record> purges_;
  std::vector<suspicion_record> suspicions_;
  stamp trusted_since_ = 1;
  std::map<keeping, std::uint64_t> ends_;
};

BOOST_AUTO_TEST_SUITE(memory_model_suite)

BOOST_AUTO_TEST_CASE(whatever_is_found_is_right_and_the_bound_holds_at_every_step) {
  memory_stats sum;
  std::map<keeping, std::uint64_t> ends;
  for (const std::size_t capacity : {1UL << 20, 4UL << 20, 9UL << 20}) {
    beside_a_model run(capacity, 36, capacity);
    for (int i = 0; i < 25'000; ++i)
      run.step();
    const auto stats = run.stats();
    sum.hits += stats.hits;
    sum.evictions += stats.evictions;
    sum.expirations += stats.expirations;
    sum.purged += stats.purged;
    for (const auto k : {keeping::kept, keeping::suspect, keeping::refused, keeping::fenced, keeping::older})
      ends[k] += run.count(k);
    BOOST_TEST(stats.fenced == run.count(keeping::fenced));
    BOOST_TEST(stats.insertions == run.count(keeping::kept) + run.count(keeping::suspect));
  }
  // Or the run proves little.
  BOOST_TEST(sum.hits > 1'000U);
  BOOST_TEST(sum.evictions > 1'000U);
  BOOST_TEST(sum.expirations > 200U);
  BOOST_TEST(sum.purged > 500U);
  for (const auto& [k, count] : ends)
    BOOST_TEST(count > 50U, to_string(k) << ": " << count);
}

BOOST_AUTO_TEST_CASE(a_tiny_cache_refuses_most_and_is_never_wrong) {
  beside_a_model run(40'000, 2, 3);
  for (int i = 0; i < 20'000; ++i)
    run.step();
  BOOST_TEST(run.stats().refusals > 100U);
  BOOST_TEST(run.stats().hits > 100U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
