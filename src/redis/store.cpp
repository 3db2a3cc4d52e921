#include "rollcall/redis/store.hpp"

#include "rollcall/redis/value.hpp"

#include "keys.hpp"
#include "scripts.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cassert>
#include <utility>

namespace rollcall::redis {
namespace {

bool is_error(const reply& r, std::string_view kind) {
  return r.is(reply::kind::error) && kind_of(r.text()) == kind;
}

/// Seeded with so much that no two stores will ever give the same name to anything. What is named need not be secret.
std::mt19937_64 seeded() {
  std::random_device source;
  std::seed_seq seed{source(), source(), source(), source(), source(), source(), source(), source()};
  return std::mt19937_64(seed);
}

using command_arguments = boost::container::static_vector<std::string_view, 14>;

command_arguments command_of(std::string_view name, std::string_view script, std::string_view keys,
                             std::span<const std::string_view> given) {
  command_arguments whole{name, script, keys};
  whole.insert(whole.end(), given.begin(), given.end());
  return whole;
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

std::string_view to_string(verification v) {
  switch (v) {
  case verification::same:
    return "same";
  case verification::different:
    return "different";
  case verification::unavailable:
    return "unavailable";
  }
  assert(false);
  return "";
}

store::store(client& link, std::string name_space)
    : link_(link), keys_(std::make_unique<const keys>(std::move(name_space))), random_(seeded()) {}

store::~store() = default;

net::task<found> store::get(const cache::identity& id, cache::time_point now, net::steady_clock::time_point deadline) {
  const auto key = keys_->value(id);
  const auto r = co_await link_.run_for(key, {"GET", key}, deadline);
  auto f = judge(r, id, now);
  count(f);
  co_return f;
}

net::task<verified> store::verify(cache::identity id, std::uint64_t version, cache::time_point now,
                                  net::steady_clock::time_point deadline) {
  static_assert(version_offset == 8 && version_size == 8);
  const auto key = keys_->value(id);
  const auto known = version_bytes(version);
  const auto r = co_await call(verify_script(), {key, known}, deadline);
  if (r && r->is(reply::kind::integer) && r->integer() == 1) {
    stats_.verified.add();
    co_return verified{verification::same, nullptr};
  }
  auto there = judge(r, id, now);
  if (there.outcome == lookup::unavailable) {
    co_return verified{};
  }
  stats_.refuted.add();
  co_return verified{verification::different, std::move(there.entry)};
}

found store::judge(const command_result& r, const cache::identity& id, cache::time_point now) {
  // Why there is no reply, the connection tells.
  return r ? judge(*r, id, now) : found{lookup::unavailable, nullptr};
}

found store::judge(const reply& r, const cache::identity& id, cache::time_point now) {
  if (r.is(reply::kind::nil) || (r.is(reply::kind::text) && is_tombstone(r.text()))) {
    return {lookup::miss, nullptr};
  }
  if (is_error(r, "WRONGTYPE")) {
    complain("a value is unfit", r);
    return {lookup::unfit, nullptr};
  }
  if (!r.is(reply::kind::text)) {
    complain("cannot read", r);
    return {lookup::unavailable, nullptr};
  }
  auto e = decode(r.text(), id, now);
  if (!e) {
    const auto why = to_string(e.error());
    if (complaints_.is_news(why, net::steady_clock::now())) {
      spdlog::warn("redis {}: the value of {} is unfit: {}", link_.name(), id.text(), why);
    }
    return {lookup::unfit, nullptr};
  }
  return {lookup::hit, std::move(*e)};
}

void store::count(const found& f) {
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
}

net::task<command_result> store::call(const script& what, arguments given, deadline_type deadline) {
  auto asked = call_by_name(what, given, deadline);
  return learn(std::move(asked), what, given, deadline);
}

net::task<command_result> store::call_by_name(const script& what, const arguments& given, deadline_type deadline) {
  return link_.run_for(given.front(), command_of("EVALSHA", what.sha1(), what.keys(), given), deadline);
}

net::task<command_result> store::call_by_text(const script& what, const arguments& given, deadline_type deadline) {
  return link_.run_for(given.front(), command_of("EVAL", what.text(), what.keys(), given), deadline);
}

/// By its text: there will be nobody to hear that Redis does not know the name.
void store::call_after(const script& what, const arguments& given) {
  link_.send_after(given.front(), command_of("EVAL", what.text(), what.keys(), given));
}

net::task<command_result> store::learn(net::task<command_result> asked, const script& what, arguments given,
                                       deadline_type deadline) {
  auto r = co_await std::move(asked);
  if (forgotten(r)) {
    r = co_await call_by_text(what, given, deadline);
  }
  co_return r;
}

/// Redis forgets its scripts when it restarts, and a promoted replica never saw them.
bool store::forgotten(const command_result& r) {
  if (!r || !is_error(*r, "NOSCRIPT")) {
    return false;
  }
  stats_.reloads.add();
  return true;
}

bool store::confirmed(const command_result& r) {
  if (r && !r->is(reply::kind::integer)) {
    complain("cannot write", *r);
  }
  return r && r->integer() == 1;
}

void store::complain(std::string_view what, const reply& r) {
  const bool error = r.is(reply::kind::error);
  const auto kind = fmt::format("{}: {}", what, error ? kind_of(r.text()) : to_string(r.type()));
  if (complaints_.is_news(kind, net::steady_clock::now())) {
    spdlog::warn("redis {}: {}: {}", link_.name(), what,
                 error ? printable(r.text()) : fmt::format("a reply of kind {}", to_string(r.type())));
  }
}

} // namespace rollcall::redis
