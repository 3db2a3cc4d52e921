#pragma once

#include "rollcall/cache/entry.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/redis/connection.hpp"

#include <string>
#include <string_view>

namespace rollcall::redis {

/// How a look-up in Redis ended.
enum class lookup {
  hit = 1,
  miss,        ///< Redis holds nothing for the identity
  unfit,       ///< it holds something that is corrupt, of another version of the layout, or of another identity
  unavailable, ///< no answer within the deadline, or an error
};
std::string_view to_string(lookup l);

struct found {
  lookup outcome = lookup::miss;
  /// Not null exactly for a hit. Never past its serve_until.
  cache::entry_ptr entry;
};

/// Counters of one store, written by its thread.
struct store_stats {
  ops::counter hits;
  ops::counter misses;
  ops::counter unfit;
  ops::counter unavailable;
  ops::counter stores;
  ops::counter store_failures;
};

/// Entries in Redis, in the layout of src/redis/README.md: key `<namespace>:{<identity>}`, the value as value.hpp
/// encodes it, PX = serve_until. One a thread, on that thread's connection; all functions are called on it.
class store {
public:
  /// `link` outlives the store.
  store(connection& link, std::string name_space);

  /// Reads the entry of `id`, which outlives the call. Gives up at `deadline`, and never throws: whatever Redis does is
  /// one of the outcomes.
  net::task<found> get(const cache::identity& id, cache::time_point now, net::steady_clock::time_point deadline);

  /// Writes `e`, with the gzip variant as the stored body where there is one. False when Redis did not confirm, and
  /// when there is nothing to write: an entry past its serve_until, or one that value.hpp refuses.
  net::task<bool> put(cache::entry_ptr e, cache::time_point now, net::steady_clock::time_point deadline);

  [[nodiscard]] const store_stats& stats() const noexcept { return stats_; }

private:
  /// Says a kind of trouble once, until things went well again or it is another kind.
  class complaint {
  public:
    /// True when `kind` is news.
    bool is_new(std::string_view kind);
    void over() { last_.clear(); }

  private:
    std::string last_;
  };

  std::string key_of(std::string_view identity) const;
  found judge(const command_result& r, const cache::identity& id, cache::time_point now);

  connection& link_;
  std::string name_space_;
  store_stats stats_;
  complaint reading_;
  complaint writing_;
};

} // namespace rollcall::redis
