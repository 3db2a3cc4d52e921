#include "sentinel_sessions.hpp"

#include <utility>

namespace rollcall::redis {
namespace {

bool is_address(const reply& r) {
  return r.is(reply::kind::nil) || read_address(r);
}

/// Who may not ask for it does without.
bool is_any(const reply&) {
  return true;
}

bool is_subscribed(const reply& r) {
  return r.is(reply::kind::array) && r.size() == 3 && r[0].text() == "subscribe" && r[1].text() == switch_channel;
}

} // namespace

sentinel_question::sentinel_question(const net::executor& where, endpoint sentinel, connection_options options,
                                     std::shared_ptr<connection_stats> stats, std::string master)
    : session(where, std::move(sentinel), std::move(options), std::move(stats)), master_(std::move(master)) {}

net::task<bool> sentinel_question::begin() {
  asked_ = true;
  const auto address =
      co_await ask("SENTINEL GET-MASTER-ADDR-BY-NAME", {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", master_}, is_address);
  if (!address) {
    co_return false;
  }
  if (address->is(reply::kind::nil)) {
    co_return true;
  }
  const auto details = co_await ask("SENTINEL MASTER", {"SENTINEL", "MASTER", master_}, is_any);
  if (!details) {
    co_return false;
  }
  const auto others = co_await ask("SENTINEL SENTINELS", {"SENTINEL", "SENTINELS", master_}, is_any);
  if (!others) {
    co_return false;
  }
  opinion_ = {std::move(*read_address(*address)), read_config_epoch(*details)};
  others_ = read_sentinels(*others);
  co_return true;
}

sentinel_subscription::sentinel_subscription(const net::executor& where, endpoint sentinel, connection_options options,
                                             std::shared_ptr<connection_stats> stats, pulse watch, std::string master,
                                             std::function<void(const master_switch&)> tell)
    : session(where, std::move(sentinel), std::move(options), std::move(stats), watch), master_(std::move(master)),
      tell_(std::move(tell)) {}

net::task<bool> sentinel_subscription::begin() {
  const auto subscribed = co_await ask("SUBSCRIBE", {"SUBSCRIBE", switch_channel}, is_subscribed);
  co_return subscribed.has_value();
}

bool sentinel_subscription::take_unasked(const reply& r) {
  if (r.size() != 3 || r[0].text() != "message") {
    return false; // a sign of life that we asked for
  }
  if (const auto news = read_switch(r, master_)) {
    tell_(*news);
  }
  return true;
}

} // namespace rollcall::redis
