#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/cache/scope.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/redis/client.hpp"
#include "rollcall/redis/complaints.hpp"

#include <boost/container/static_vector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::redis {

class keys;
class script;

/// How a look-up in Redis ended.
enum class lookup {
  hit = 1,
  miss,        ///< Redis holds nothing for the identity, or a tombstone
  unfit,       ///< it holds something that is corrupt, of another version of the layout, or of another identity
  unavailable, ///< no answer within the deadline, or an error
};
std::string_view to_string(lookup l);

struct found {
  lookup outcome = lookup::miss;
  /// Not null exactly for a hit. Never past its serve_until.
  cache::entry_ptr entry;
};

/// The right of one fetch to store its answer: held in Redis as a random token, for as long as nobody purges the
/// identity, it is renewed in time, and Redis does not lose it.
struct lease {
  cache::identity id;
  std::string token;
};

/// What is good enough for who claims: an entry that is fresh by its own limits and by `fresh`, was fetched at or after
/// `fetched_since`, and is not the version `other_than` (0: any will do). Otherwise the lease is claimed.
struct claim_terms {
  cache::time_point now{};
  cache::milliseconds fresh{0};
  cache::time_point fetched_since = cache::time_point::min();
  std::uint64_t other_than = 0;
};

/// How a claim ended.
enum class claim_outcome {
  good = 1,    ///< Redis holds an entry that is good enough: here it is
  leased,      ///< it does not, and the lease is ours
  held,        ///< it does not, and somebody else is fetching
  unavailable, ///< no answer within the deadline, or an error: nobody knows
};
std::string_view to_string(claim_outcome c);

struct claim {
  claim_outcome outcome = claim_outcome::unavailable;
  /// `good`: the entry. Otherwise what Redis holds although it is not good enough, or null; `unavailable` has it when
  /// Redis answers but takes no lease: it is full, a replica, or about to move the slot to another node. Never past its
  /// serve_until.
  cache::entry_ptr entry;
  /// For `leased`.
  std::optional<redis::lease> lease;
  /// For `held`: the holder has to renew it within this time.
  std::chrono::milliseconds held_for{0};
  /// For `held`: tells one holder from another; 0 when that is not known.
  std::uint64_t holder = 0;
};

/// Whether Redis still holds the version that somebody else holds too.
enum class verification {
  same = 1,
  different, ///< another version, nothing, a tombstone, or something unfit
  unavailable,
};
std::string_view to_string(verification v);

struct verified {
  verification outcome = verification::unavailable;
  /// For `different`: what Redis holds instead, or null. Never past its serve_until.
  cache::entry_ptr entry;
};

/// What became of a command that needs a lease.
enum class lease_outcome {
  done = 1,
  lost,        ///< the lease is not ours any more: purged, expired, or Redis has forgotten it. Nothing was changed
  unavailable, ///< no answer within the deadline, or an error: nobody knows
};
std::string_view to_string(lease_outcome l);

/// Counters of one store, written by its thread.
struct store_stats {
  ops::counter hits;
  ops::counter misses;
  ops::counter unfit;
  ops::counter unavailable;
  ops::counter stores;
  ops::counter store_failures;
  ops::counter stores_lost; ///< not stored, because the lease was lost meanwhile: a purge, most likely
  ops::counter leases;      ///< claimed
  ops::counter leases_held; ///< not claimed, because somebody else held it
  ops::counter verified;    ///< suspects that Redis still held
  ops::counter refuted;     ///< suspects that it did not
  ops::counter reloads;     ///< scripts that Redis did not know (any more)
  ops::counter purged;      ///< identities that purges found a value of
};

/// Entries in Redis, in the layout of src/redis/README.md: key `<namespace>:{<identity>}`, the value as value.hpp
/// encodes it, PX = serve_until, and beside it the lease, `<namespace>:{<identity>}:lease`. One a thread, on that
/// thread's connection; all functions are called on it. They give up at `deadline` and never throw: whatever Redis does
/// is one of the outcomes. What claims, stores and purges is a script that touches one slot (EVALSHA; a Redis that does
/// not know it is sent its text).
class store {
public:
  /// How long a lease lasts unless it is renewed.
  static constexpr std::chrono::milliseconds lease_life{2000};
  /// How long a purge's tombstone stays: only so long that nobody can miss it, as it is the lost lease that keeps older
  /// fetches out.
  static constexpr std::chrono::milliseconds tombstone_life{5000};

  /// `link` outlives the store.
  store(client& link, std::string name_space);
  ~store();
  store(const store&) = delete;
  store& operator=(const store&) = delete;

  /// Whether there is a connection at this moment.
  [[nodiscard]] bool connected() const noexcept { return link_.connected(); }

  /// Reads the entry of `id`, which outlives the call, fresh or not.
  net::task<found> get(const cache::identity& id, cache::time_point now, net::steady_clock::time_point deadline);

  /// Reads the entry of `id` or, if it is not good enough, claims the lease, in one round trip. A claim that got no
  /// answer in time is followed by a release on the same connection, for a Redis that carries both out later; one that
  /// was lost with its connection may leave an orphan, which delays others by lease_life.
  net::task<claim> get_or_claim(cache::identity id, claim_terms terms, net::steady_clock::time_point deadline);

  /// Asks whether Redis holds that version of `id`, which is a small reply, and takes what it holds instead. In one
  /// round trip: who has to give up the version that he holds may have no time to ask again.
  net::task<verified> verify(cache::identity id, std::uint64_t version, cache::time_point now,
                             net::steady_clock::time_point deadline);

  /// Writes the identity into the index sets by which purges find it, to stay there until `until`. True when both have
  /// it: only then may the upstream be asked, or a purge by account or by room could miss the answer.
  net::task<bool> enlist(cache::identity id, cache::time_point now, cache::time_point until,
                         net::steady_clock::time_point deadline);

  /// Lets the lease last lease_life from now on.
  net::task<lease_outcome> renew(lease l, net::steady_clock::time_point deadline);

  /// Writes `e`, with the gzip variant as the stored body where there is one, and releases the lease, if that is still
  /// ours. A Redis that refuses the value loses the lease all the same. `unavailable` also when there is nothing to
  /// write, an entry past its serve_until or one that value.hpp refuses: the lease is kept then.
  net::task<lease_outcome> put(lease l, cache::entry_ptr e, cache::time_point now,
                               net::steady_clock::time_point deadline);

  /// Gives the lease back with nothing stored; who waits for it may claim it.
  net::task<lease_outcome> release(lease l, net::steady_clock::time_point deadline);

  /// Purges what `s` covers: tells every gateway by a signal, then overwrites with a tombstone, and takes the lease of,
  /// every identity that the index sets know and those of `also`. The identities that had a value; nullopt when Redis
  /// did not confirm all of it, after which it is to be done again. `step` is the time that each round trip may take,
  /// of which there are as many as it needs.
  net::task<std::optional<std::vector<cache::identity>>> purge(cache::scope s, std::vector<cache::identity> also,
                                                               cache::time_point now, std::chrono::milliseconds step);

  /// The entries that the index sets know of in `s`, at most `most`.
  net::task<std::vector<cache::entry_ptr>> list(cache::scope s, cache::time_point now, std::size_t most,
                                                std::chrono::milliseconds step);

  [[nodiscard]] const store_stats& stats() const noexcept { return stats_; }

private:
  using deadline_type = net::steady_clock::time_point;
  struct index_page;

  // Scripts. Each call is sent before it returns, so that calls made one after the other leave in one write. What the
  // arguments show stays until the task has ended: it may have to be sent once more.
  using arguments = boost::container::static_vector<std::string_view, 11>;
  net::task<command_result> call(const script& what, arguments given, deadline_type deadline);
  net::task<command_result> call_by_name(const script& what, const arguments& given, deadline_type deadline);
  net::task<command_result> call_by_text(const script& what, const arguments& given, deadline_type deadline);
  void call_after(const script& what, const arguments& given);
  net::task<command_result> learn(net::task<command_result> asked, const script& what, arguments given,
                                  deadline_type deadline);
  bool forgotten(const command_result& r);

  // Leases.
  using caller = net::task<command_result> (store::*)(const script&, const arguments&, deadline_type);
  std::string token();
  net::task<command_result> call_claim(const lease& wanted, const claim_terms& terms, std::string_view unfit,
                                       caller how, deadline_type deadline);
  net::task<cache::entry_ptr> read_apart(const cache::identity& id, cache::time_point now, deadline_type deadline);
  claim read_claim(const command_result& r, const lease& wanted, cache::time_point now, lookup& value);
  lease_outcome read_lease_outcome(const command_result& r);
  void take_back(const lease& l);
  void count(const claim& c, lookup value);

  // Purges.
  net::task<std::optional<index_page>> scan(const cache::scope& s, std::string_view cursor, cache::time_point now,
                                            deadline_type deadline);
  net::task<std::optional<bool>> bury_apart(const cache::identity& id, std::chrono::milliseconds step);
  net::task<bool> bury(std::span<const cache::identity> ids, std::vector<cache::identity>& purged,
                       std::chrono::milliseconds step);
  net::task<std::vector<cache::entry_ptr>> read(std::span<const cache::identity> ids, cache::time_point now,
                                                deadline_type deadline);

  found judge(const command_result& r, const cache::identity& id, cache::time_point now);
  found judge(const reply& r, const cache::identity& id, cache::time_point now);
  void count(const found& f);
  /// True when Redis said 1, which is how scripts confirm.
  bool confirmed(const command_result& r);
  void complain(std::string_view what, const reply& r);
  void complain_of_endless(const cache::scope& index);
  client& link_;
  std::unique_ptr<const keys> keys_;
  std::mt19937_64 random_;
  store_stats stats_;
  complaints complaints_;
};

} // namespace rollcall::redis
