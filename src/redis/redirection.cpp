#include "redirection.hpp"

#include "key_slot.hpp"
#include "scripts.hpp"
#include "slot_map.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace rollcall::redis {
namespace {

/// All of `text`, from 0 on.
template <class T>
std::optional<T> whole_number(std::string_view text) {
  T n = 0;
  const auto* const end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, n);
  return ec == std::errc{} && at == end ? std::optional(n) : std::nullopt;
}

/// `<slot> <host>:<port>`; an IPv6 address has no brackets here.
std::optional<cluster_error> read_target(std::string_view text, const host_port& answered) {
  const auto space = text.find(' ');
  const auto colon = text.rfind(':');
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space) {
    return std::nullopt;
  }
  const auto slot = whole_number<std::uint16_t>(text.substr(0, space));
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
  auto host = text.substr(space + 1, colon - space - 1);
  if (host.empty()) {
    host = answered.host;
  }
  if (!slot || *slot >= slot_count || !port || *port == 0 || !is_host(host)) {
    return std::nullopt;
  }
  return cluster_error{cluster_error::kind::none, *slot, {std::string(host), *port}};
}

} // namespace

cluster_error read_cluster_error(const reply& r, const host_port& answered) {
  using kind = cluster_error::kind;
  if (!r.is(reply::kind::error)) {
    return {};
  }
  const auto word = kind_of(r.text());
  if (word == "TRYAGAIN") {
    return {.what = kind::try_again};
  }
  if (word == "CLUSTERDOWN") {
    return {.what = kind::down};
  }
  if (word != "MOVED" && word != "ASK") {
    return {};
  }
  const auto target = r.text().starts_with(word) ? r.text().substr(std::min(word.size() + 1, r.text().size())) : "";
  auto read = read_target(target, answered);
  if (!read) {
    return {.what = kind::unreadable};
  }
  read->what = word == "MOVED" ? kind::moved : kind::ask;
  return *read;
}

next_step pursuit::after(const cluster_error& said, time_point now) {
  switch (said.what) {
  case cluster_error::kind::none:
    return {};
  case cluster_error::kind::down:
  case cluster_error::kind::unreadable:
    return {.look = true};
  case cluster_error::kind::moved:
  case cluster_error::kind::ask:
    return redirected(said, now);
  case cluster_error::kind::try_again: {
    const auto pause = next_pause();
    if (now + pause >= std::min(deadline_, patient_until_)) {
      return {};
    }
    redirections_ = 0;
    return {.what = next_step::kind::start_over, .pause = pause};
  }
  }
  return {};
}

/// The first is followed at once, and so is a second, as one node may know less than another; then the nodes are given
/// time to agree.
next_step pursuit::redirected(const cluster_error& said, time_point now) {
  const bool moved = said.what == cluster_error::kind::moved;
  next_step next{.look = moved};
  if (said.slot != slot_) {
    next.look = true;
    return next;
  }
  if (++redirections_ > redirections_most) {
    return next;
  }
  next.pause = redirections_ > 2 ? next_pause() : milliseconds(0);
  if (now + next.pause >= deadline_) {
    return next;
  }
  next.what = next_step::kind::follow;
  next.to = said.to;
  next.asking = !moved;
  next.learn = moved;
  return next;
}

pursuit::milliseconds pursuit::next_pause() noexcept {
  const auto pause = pause_;
  pause_ = std::min(2 * pause_, pause_most);
  return pause;
}

} // namespace rollcall::redis
