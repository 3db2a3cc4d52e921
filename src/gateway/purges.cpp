#include "rollcall/gateway/purges.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

namespace rollcall::gateway {

namespace {

// Escaped, as a scope has it.
constexpr std::size_t part_most = 3 * cache::cached_part_most;
// A new master is connected to in no time, and each moment without it counts.
constexpr std::chrono::milliseconds glance{1};

std::vector<cache::identity> identities_of(const std::vector<cache::entry_ptr>& entries) {
  std::vector<cache::identity> ids;
  ids.reserve(entries.size());
  for (const auto& e : entries)
    ids.push_back(e->id);
  return ids;
}

std::size_t united(const std::vector<cache::identity>& a, const std::vector<cache::identity>& b) {
  std::set<std::string_view> all;
  for (const auto* each : {&a, &b})
    for (const auto& id : *each)
      all.insert(id.text());
  return all.size();
}

} // namespace

std::string to_json(const purges::report& r) {
  return fmt::format(R"({{"purged":{}{}}})", r.purged, r.pending ? R"(,"redis":"pending")" : "");
}

purges::purges(const net::executor& control, commons& shared, purges_options options)
    : control_(control), shared_(shared), options_(std::move(options)), pause_(control), rest_(options_.retry),
      tasks_(control, running_) {
  if (options_.redis) {
    redis::connection_options link;
    link.patience = options_.step;
    link.probe_key = options_.name_space + ":probe";
    link_ = redis::make_client(control, *options_.redis, link);
    store_ = std::make_unique<redis::store>(*link_, options_.name_space);
  }
}

void purges::start() {
  if (link_)
    link_->start();
}

void purges::stop() {
  stopping_ = true;
  pause_.cancel();
  if (!waiting_.empty())
    spdlog::warn("{} never carried out in Redis: other gateways, and this one after its next start, may serve what was "
                 "to be dropped",
                 waiting_.size() == 1 ? "a purge was" : fmt::format("{} purges were", waiting_.size()));
  if (link_)
    link_->stop();
}

net::task<purges::report> purges::purge(cache::scope s) {
  begun_.fetch_add(1, std::memory_order_relaxed);
  if (s.w_id().size() > part_most || s.room().size() > part_most)
    co_return report{}; // nothing that long is ever cached, nor need it be kept for Redis
  if (store_)
    shared_.purges.note(s, cache::wall_now());
  auto dropped = identities_of(shared_.drop(s));
  if (!store_)
    co_return report{dropped.size(), false};
  co_return co_await net::asio::co_spawn(control_, carry_out(std::move(s), std::move(dropped)),
                                         net::asio::use_awaitable_t<net::executor>{});
}

net::task<purges::report> purges::carry_out(cache::scope s, std::vector<cache::identity> dropped) {
  if (waiting_.empty() && store_->connected()) {
    const auto master = masters_;
    const auto told = co_await store_->purge(s, dropped, cache::wall_now(), options_.step);
    if (told && master == masters_) {
      heard(s);
      // What was read from Redis between the first time and now may be from before Redis knew.
      shared_.drop(s);
      co_return report{united(*told, dropped), false};
    }
  }
  keep(s);
  // Again, now that nobody here uses Redis any more.
  shared_.drop(s);
  co_return report{dropped.size(), true};
}

void purges::keep(const cache::scope& s) {
  outstanding_ = true;
  if (std::ranges::find(waiting_, s) == waiting_.end())
    waiting_.push_back(s);
  if (waiting_.size() > options_.kept_most)
    coarsen();
  show_kept();
  if (!retrying_)
    spdlog::warn("redis {}: a purge could not be carried out there; it is done here, and Redis is not used until it is",
                 link_->name());
  begin_retrying();
}

void purges::begin_retrying() {
  if (!std::exchange(retrying_, true))
    tasks_.start(retry(), "telling Redis of purges");
}

// Which of them the new master lacks nobody knows; the latest most likely.
void purges::heard(const cache::scope& s) {
  if (options_.redis->how == redis::deployment::form::single)
    return;
  const auto now = net::steady_clock::now();
  std::erase_if(done_, [&](const done& d) { return d.what == s || now - d.when > options_.remembered; });
  if (done_.empty())
    done_overflowed_ = false;
  done_.push_back({s, now});
  if (done_.size() > options_.kept_most) {
    done_.pop_front();
    done_overflowed_ = true;
  }
}

void purges::master_changed() {
  ++masters_;
  const auto now = net::steady_clock::now();
  std::erase_if(done_, [&](const done& d) { return now - d.when > options_.remembered; });
  if (done_.empty() || stopping_)
    return;
  outstanding_ = true;
  spdlog::info("redis {}: carrying out the purges of the last {} s once more, {} of them, in case that the new master "
               "lacks some",
               link_->name(), options_.remembered.count(), done_.size());
  // The latest first: other gateways may have left the old master before it told them.
  for (const auto& d : done_ | std::views::reverse)
    if (std::ranges::find(waiting_, d.what) == waiting_.end()) {
      waiting_.push_back(d.what);
      repeated_.add();
    }
  if (std::exchange(done_overflowed_, false))
    overflowed_ = true; // others were forgotten
  if (waiting_.size() > options_.kept_most)
    coarsen();
  show_kept();
  rest_ = glance;
  pause_.cancel();
  begin_retrying();
}

void purges::show_kept() {
  kept_.subtract(kept_.get());
  kept_.add(waiting_.size());
}

// A purge that drops too much costs calls; one that is lost would break a promise.
void purges::coarsen() {
  overflows_.add();
  std::deque<cache::scope> fewer;
  std::set<std::string> seen;
  for (const auto& s : waiting_) {
    auto wide = s.widened();
    if (seen.insert(wide.text()).second)
      fewer.push_back(std::move(wide));
  }
  waiting_ = std::move(fewer);
  if (waiting_.size() > options_.kept_most) {
    overflowed_ = true;
    waiting_.clear();
  }
}

net::task<> purges::retry() {
  while (!stopping_ && (!waiting_.empty() || overflowed_)) {
    pause_.expires_after(rest_);
    if (const auto [cut_short] = co_await pause_.async_wait(net::no_throw); cut_short)
      continue; // by a new master, and the connection may still be to the old one
    if (rest_ < options_.retry)
      rest_ = std::min(2 * rest_, options_.retry);
    while (!stopping_ && store_->connected() && !waiting_.empty()) {
      const auto s = waiting_.front();
      const auto master = masters_;
      waiting_.pop_front(); // so that who asks for it once more meanwhile has it carried out once more
      if (!co_await store_->purge(s, {}, cache::wall_now(), options_.step) || master != masters_) {
        if (std::ranges::find(waiting_, s) == waiting_.end())
          waiting_.push_front(s);
        rest_ = std::min(2 * rest_, options_.retry_most); // each attempt tells the whole fleet
        break;
      }
      heard(s);
      rest_ = options_.retry;
      show_kept();
    }
    if (overflowed_ && store_->connected()) {
      floor_ = cache::wall_now();
      overflowed_ = false;
    }
  }
  retrying_ = false;
  rest_ = options_.retry;
  if (stopping_)
    co_return;
  outstanding_ = false;
  spdlog::info("redis {}: all purges have been carried out", link_->name());
}

void purges::outrun(const cache::scope& s) {
  unheard_.fetch_add(1);
  shared_.drop(s); // what was read from Redis until now
}

void purges::caught_up() {
  unheard_.fetch_sub(1);
}

net::task<std::vector<cache::entry_ptr>> purges::stored(cache::scope s, std::size_t most) {
  if (!store_ || outstanding() || !store_->connected())
    co_return std::vector<cache::entry_ptr>{};
  co_return co_await store_->list(std::move(s), cache::wall_now(), most, options_.step);
}

} // namespace rollcall::gateway
