#include "rollcall/redis/store.hpp"

#include "rollcall/redis/value.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cassert>

namespace rollcall::redis {
namespace {

/// The word by which Redis names the kind of an error: LOADING, OOM, READONLY ...
std::string_view kind_of(const reply& error) {
  return error.text().substr(0, error.text().find(' '));
}

} // namespace

std::string_view to_string(lookup l) {
  switch (l) {
  case lookup::hit:
    return "hit";
  case lookup::miss:
    return "miss";
  case lookup::unfit:
    return "unfit";
  case lookup::unavailable:
    return "unavailable";
  }
  assert(false);
  return "";
}

bool store::complaint::is_new(std::string_view kind) {
  if (last_ == kind) {
    return false;
  }
  last_ = kind;
  return true;
}

store::store(connection& link, std::string name_space) : link_(link), name_space_(std::move(name_space)) {}

std::string store::key_of(std::string_view identity) const {
  return fmt::format("{}:{{{}}}", name_space_, identity);
}

net::task<found> store::get(const cache::identity& id, cache::time_point now, net::steady_clock::time_point deadline) {
  const auto key = key_of(id.text());
  const auto r = co_await link_.run({"GET", key}, deadline);
  auto f = judge(r, id, now);
  switch (f.outcome) {
  case lookup::hit:
    stats_.hits.add();
    break;
  case lookup::miss:
    stats_.misses.add();
    break;
  case lookup::unfit:
    stats_.unfit.add();
    break;
  case lookup::unavailable:
    stats_.unavailable.add();
    break;
  }
  co_return f;
}

found store::judge(const command_result& r, const cache::identity& id, cache::time_point now) {
  if (!r) {
    return {lookup::unavailable, nullptr}; // the connection tells its own troubles
  }
  if (r->is(reply::kind::nil)) {
    reading_.over();
    return {lookup::miss, nullptr};
  }
  if (!r->is(reply::kind::text)) {
    const bool error = r->is(reply::kind::error);
    if (reading_.is_new(error ? kind_of(*r) : to_string(r->type()))) {
      spdlog::warn("redis {}: cannot read: {}", link_.server().to_string(),
                   error ? printable(r->text()) : fmt::format("a reply of kind {}", to_string(r->type())));
    }
    return {lookup::unavailable, nullptr};
  }
  auto e = decode(r->text(), id, now);
  if (!e) {
    if (reading_.is_new(to_string(e.error()))) {
      spdlog::warn("redis {}: the value of {} is unfit: {}", link_.server().to_string(), id.text(),
                   to_string(e.error()));
    }
    return {lookup::unfit, nullptr};
  }
  reading_.over();
  return {lookup::hit, std::move(*e)};
}

net::task<bool> store::put(cache::entry_ptr e, cache::time_point now, net::steady_clock::time_point deadline) {
  const auto life = e->serve_until - now;
  if (life <= cache::milliseconds(0)) {
    co_return false;
  }
  const auto value = encode(*e);
  if (!value) {
    if (writing_.is_new(to_string(value.error()))) {
      spdlog::warn("redis {}: the entry of {} is not stored: {}", link_.server().to_string(), e->id.text(),
                   to_string(value.error()));
    }
    stats_.store_failures.add();
    co_return false;
  }
  const auto key = key_of(e->id.text());
  const auto r = co_await link_.run({"SET", key, *value, "PX", std::to_string(life.count())}, deadline);
  if (r && r->ok()) {
    writing_.over();
    stats_.stores.add();
    co_return true;
  }
  if (r && writing_.is_new(kind_of(*r))) {
    spdlog::warn("redis {}: cannot write: {}", link_.server().to_string(), printable(r->text()));
  }
  stats_.store_failures.add();
  co_return false;
}

} // namespace rollcall::redis
