#include "rollcall/redis/store.hpp"
#include "rollcall/redis/value.hpp"

#include "keys.hpp"
#include "scripts.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <unordered_set>
#include <utility>

namespace rollcall::redis {
namespace {

/// By how much longer than asked an index keeps what it was given: the clock of another gateway may be ahead.
constexpr std::chrono::minutes index_margin{1};
/// Identities of one page of an index, more or less: Redis looks through so many at a time.
constexpr std::string_view page_size = "1000";
/// More than an index of sixteen million identities has. Who still tells of another page goes round in circles.
constexpr std::size_t pages_most = 16'384;
/// Purges, and reads, that are under way at a time; much less than a connection takes.
constexpr std::size_t batch_size = 256;
/// Values are larger than purges.
constexpr std::size_t read_batch_size = 32;

double number_of(std::string_view text) {
  double n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

template <class T>
std::span<const T> batch_of(const std::vector<T>& all, std::size_t from, std::size_t size) {
  return std::span(all).subspan(from, std::min(size, all.size() - from));
}

} // namespace

/// Some of the identities of an index, those that a scope covers.
struct store::index_page {
  std::vector<cache::identity> ids;
  /// Where the next page begins; `0` when there is none.
  std::string next;
};

net::task<bool> store::enlist(cache::identity id, cache::time_point now, cache::time_point until,
                              net::steady_clock::time_point deadline) {
  const auto text = id.text();
  const auto life = std::to_string((until - now + index_margin).count());
  const auto score = std::to_string(until.time_since_epoch().count());
  const auto past = std::to_string((now - index_margin).time_since_epoch().count());
  const auto parts = id.parts();
  const auto of_account = keys_->index_of_account(parts.w_id);
  const auto of_room = keys_->index_of_room(parts.room);
  auto account = call(enlist_script(), {of_account, text, score, past, life}, deadline);
  auto room = call(enlist_script(), {of_room, text, score, past, life}, deadline);
  const bool in_account = confirmed(co_await std::move(account));
  const bool in_room = confirmed(co_await std::move(room));
  co_return (in_account && in_room);
}

/// Each page is purged before the next one is read, so that the size of an index costs time and no memory. ZSCAN
/// returns what was enlisted before it began and stays so; what is enlisted meanwhile is fetched after the purge began.
net::task<std::optional<std::vector<cache::identity>>>
store::purge(cache::scope s, std::vector<cache::identity> also, cache::time_point now, std::chrono::milliseconds step) {
  const auto signal = keys_->signal(s);
  if (!confirmed(co_await call(signal_script(), {signal}, net::steady_clock::now() + step))) {
    co_return std::nullopt;
  }
  std::erase_if(also, [&](const cache::identity& id) { return !s.covers(id); });
  std::vector<cache::identity> purged;
  index_page page{std::move(also), ""};
  for (std::size_t pages = 0; pages <= pages_most; ++pages) {
    for (std::size_t i = 0; i < page.ids.size(); i += batch_size) {
      if (!co_await bury(batch_of(page.ids, i, batch_size), purged, step)) {
        co_return std::nullopt;
      }
    }
    if (page.next == "0") {
      co_return purged;
    }
    const std::string cursor = page.next.empty() ? "0" : page.next;
    auto next = co_await scan(s, cursor, now, net::steady_clock::now() + step);
    if (!next) {
      co_return std::nullopt;
    }
    page = std::move(*next);
  }
  complain_of_endless(s);
  co_return std::nullopt;
}

/// Purges `ids` in one write, and adds those that had a value to `purged`. The first one brings the script's text, so
/// that Redis knows it for the others.
net::task<bool> store::bury(std::span<const cache::identity> ids, std::vector<cache::identity>& purged,
                            std::chrono::milliseconds step) {
  const auto deadline = net::steady_clock::now() + step;
  const auto life = std::to_string(tombstone_life.count());
  std::vector<std::array<std::string, 3>> texts;
  texts.reserve(ids.size());
  std::vector<net::task<command_result>> under_way;
  under_way.reserve(ids.size());
  for (const auto& id : ids) {
    const auto& [value, lease, grave] =
        texts.emplace_back(std::array{keys_->value(id), keys_->lease(id), tombstone(random_())});
    const arguments given{value, lease, grave, life, tombstone_beginning};
    under_way.push_back(under_way.empty() ? call_by_text(purge_script(), given, deadline)
                                          : call(purge_script(), given, deadline));
  }
  bool all = true;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto r = co_await std::move(under_way[i]);
    auto had = r && r->is(reply::kind::integer) ? std::optional(r->integer() == 1) : std::nullopt;
    if (r && are_apart(*r)) {
      had = co_await bury_apart(ids[i], step);
    } else if (r && !had) {
      complain("cannot write", *r);
    }
    if (had.value_or(false)) {
      stats_.purged.add();
      purged.push_back(ids[i]);
    }
    all = all && had;
  }
  co_return all;
}

/// What the script does, by commands for one key each. The lease is not ended at first but taken, so that nobody else
/// gets it before the tombstone is there: what was asked for in between could land after it. Whether there was a value;
/// nullopt when not all of it was confirmed, or so late that somebody else may have had the lease.
net::task<std::optional<bool>> store::bury_apart(const cache::identity& id, std::chrono::milliseconds step) {
  const auto begun = net::steady_clock::now();
  const auto value = keys_->value(id);
  const auto lease_key = keys_->lease(id);
  const auto taken = token();
  const auto ours = std::to_string(lease_life.count());
  const auto grave = tombstone(random_());
  const auto life = std::to_string(tombstone_life.count());
  const auto deadline = begun + std::min(4 * step, lease_life / 2);
  const auto is_ok = [](const command_result& r) { return r && r->ok(); };

  if (!is_ok(co_await link_.run_for(lease_key, {"SET", lease_key, taken, "PX", ours}, deadline))) {
    co_return std::nullopt;
  }
  const auto before = co_await link_.run_for(value, {"GETRANGE", value, "0", "3"}, deadline);
  if (!is_ok(co_await link_.run_for(value, {"SET", value, grave, "PX", life}, deadline))) {
    co_return std::nullopt;
  }
  co_await call(release_script(), {lease_key, taken}, deadline);
  co_return before && before->is(reply::kind::text) && !before->text().empty() && before->text() != tombstone_beginning;
}

net::task<std::optional<store::index_page>> store::scan(const cache::scope& s, std::string_view cursor,
                                                        cache::time_point now, deadline_type deadline) {
  const auto key = s.room().empty() ? keys_->index_of_account(s.w_id()) : keys_->index_of_room(s.room());
  const auto r = co_await link_.run_for(key, {"ZSCAN", key, cursor, "COUNT", page_size}, deadline);
  if (!r) {
    co_return std::nullopt;
  }
  if (r->is(reply::kind::error) && kind_of(r->text()) == "WRONGTYPE") {
    co_return index_page{{}, "0"}; // not our index; the next identity that is enlisted replaces it
  }
  if (!r->is(reply::kind::array) || r->size() != 2 || !(*r)[0].is(reply::kind::text)) {
    complain("cannot read", *r);
    co_return std::nullopt;
  }
  index_page page{{}, std::string((*r)[0].text())};
  const auto over = static_cast<double>((now - index_margin).time_since_epoch().count());
  const auto& members = (*r)[1];
  for (std::size_t i = 0; i + 1 < members.size(); i += 2) {
    auto id = cache::identity::from_text(members[i].text());
    if (id && s.covers(*id) && number_of(members[i + 1].text()) > over) {
      page.ids.push_back(std::move(*id));
    }
  }
  co_return page;
}

net::task<std::vector<cache::entry_ptr>> store::list(cache::scope s, cache::time_point now, std::size_t most,
                                                     std::chrono::milliseconds step) {
  std::vector<cache::entry_ptr> entries;
  std::unordered_set<std::string> seen; // a scan may return the same identity twice
  std::string cursor = "0";
  for (std::size_t pages = 0; pages < pages_most; ++pages) {
    auto page = co_await scan(s, cursor, now, net::steady_clock::now() + step);
    if (!page) {
      co_return entries;
    }
    std::erase_if(page->ids, [&](const cache::identity& id) { return seen.contains(std::string(id.text())); });
    for (std::size_t i = 0; i < page->ids.size() && entries.size() < most;) {
      const auto batch = batch_of(page->ids, i, std::min(read_batch_size, most - entries.size()));
      for (auto& e : co_await read(batch, now, net::steady_clock::now() + step)) {
        seen.emplace(e->id.text());
        entries.push_back(std::move(e));
      }
      i += batch.size();
    }
    cursor = std::move(page->next);
    if (cursor == "0" || entries.size() >= most) {
      co_return entries;
    }
  }
  complain_of_endless(s);
  co_return entries;
}

void store::complain_of_endless(const cache::scope& index) {
  constexpr std::string_view what = "an index without an end";
  if (complaints_.is_news(what, net::steady_clock::now())) {
    spdlog::warn("redis {}: cannot read: {}, of {}", link_.name(), what, index.text());
  }
}

/// The entries of `ids` that there are.
net::task<std::vector<cache::entry_ptr>> store::read(std::span<const cache::identity> ids, cache::time_point now,
                                                     deadline_type deadline) {
  std::vector<net::task<command_result>> under_way;
  under_way.reserve(ids.size());
  for (const auto& id : ids) {
    const auto key = keys_->value(id);
    under_way.push_back(link_.run_for(key, {"GET", key}, deadline));
  }
  std::vector<cache::entry_ptr> entries;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (auto f = judge(co_await std::move(under_way[i]), ids[i], now); f.entry) {
      entries.push_back(std::move(f.entry));
    }
  }
  co_return entries;
}

} // namespace rollcall::redis
