#include "subscription.hpp"

#include <string>
#include <utility>

namespace rollcall::redis {
namespace {

bool is_id(const reply& r) {
  return r.is(reply::kind::integer) && r.integer() > 0;
}

bool is_ok(const reply& r) {
  return r.ok();
}

bool is_subscribed(const reply& r) {
  return r.is(reply::kind::array) && r.size() == 3 && r[0].text() == "subscribe" && r[1].text() == invalidation_channel;
}

} // namespace

subscription::subscription(const net::executor& where, endpoint server, connection_options options,
                           std::shared_ptr<connection_stats> stats, pulse watch, keys names,
                           std::function<void(const invalidation&)> tell)
    : session(where, std::move(server), options, std::move(stats), watch), names_(std::move(names)),
      tell_(std::move(tell)) {}

/// Tracking first: Redis has nobody to tell before the channel is subscribed to, so what it tells comes after the last
/// confirmation.
net::task<bool> subscription::begin() {
  const auto id = co_await ask("CLIENT ID", {"CLIENT", "ID"}, is_id);
  if (!id) {
    co_return false;
  }
  const auto self = std::to_string(id->integer());
  if (!co_await ask("CLIENT TRACKING",
                    {"CLIENT", "TRACKING", "ON", "REDIRECT", self, "BCAST", "PREFIX", names_.prefix()}, is_ok)) {
    co_return false;
  }
  const auto subscribed = co_await ask("SUBSCRIBE", {"SUBSCRIBE", invalidation_channel}, is_subscribed);
  co_return subscribed.has_value();
}

bool subscription::take_unasked(const reply& r) {
  const auto said = read_invalidation(r, names_);
  if (said) {
    tell_(*said);
  }
  return said.has_value();
}

} // namespace rollcall::redis
