#include "rollcall/gateway/events.hpp"

#include "rollcall/gateway/replies.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace rollcall::gateway {

namespace {

// One account's lists of a room differ in credential and field name only.
constexpr std::size_t lists_most = 16;

} // namespace

std::expected<forward_address, std::string> parse_forward_address(std::string_view url) {
  auto base = upstream::parse_instance(url.substr(0, url.find('?')));
  if (!base)
    return std::unexpected(base.error());
  if (base->tls)
    return std::unexpected(std::string("has the scheme https; only http is supported"));
  const auto authority = url.find("//") + 2;
  const auto begin = std::min(url.find_first_of("/?", authority), url.size());
  auto target = std::string(url.substr(begin));
  if (!target.starts_with('/'))
    target.insert(0, "/");
  if (!std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f && c != '#'; }))
    return std::unexpected(std::string("has a byte in its path or query that no URL has"));
  base->base_path.clear(); // the target has it, with the slash at its end if there is one
  return forward_address{std::move(*base), std::move(target)};
}

/// One address that callbacks are handed on to; shared by those that are on their way there.
struct events::forwarding {
  upstream::pool pool;
  std::string target;
  std::chrono::milliseconds timeout;
};

void events::forward_to(std::optional<forward_address> to, std::chrono::milliseconds timeout) {
  std::erase_if(retired_, [&](auto& f) {
    if (f.use_count() > 1)
      return false;
    f->pool.stop();
    net::asio::post(control_, [last = std::move(f)] {}); // its timer may be in the loop's queue, and has to find it
    return true;
  });
  if (forward_)
    retired_.push_back(std::move(forward_));
  if (to)
    // An aggregate whose member cannot be moved. NOLINTNEXTLINE(modernize-make-shared)
    forward_.reset(new forwarding{{control_, edges_, std::move(to->to), {}}, std::move(to->target), timeout});
}

void events::stop() {
  for (const auto& f : retired_)
    f->pool.stop();
  if (forward_)
    forward_->pool.stop();
}

net::task<events::answer> events::take(std::string body) {
  body.reserve(body.size() + api::padding);
  const auto e = parser_.parse({body.data(), body.size()});
  std::optional<purges::report> dropped;
  if (e) {
    stats_.taken.add();
    if (recent_.is_new(api::repeat_key(*e)))
      dropped = co_await heed(*e);
    else
      stats_.repeated.add();
    if (dropped)
      stats_.dropped.add();
  } else {
    stats_.malformed.add();
  }
  if (forward_)
    co_return co_await hand_on(std::move(body), forward_);
  if (!e)
    co_return answer{400, envelope(to_string(e.error()))};
  co_return answer{202, whole_body(json_type, dropped ? to_json(*dropped) : "{}")};
}

net::task<std::optional<purges::report>> events::heed(const api::event& e) {
  switch (api::effect_of(e)) {
  case api::event_effect::none:
    break;
  case api::event_effect::drop_account:
    co_return co_await purges_.purge(cache::scope::account(e.w_id));
  case api::event_effect::drop_room:
    co_return co_await purges_.purge(cache::scope::of(e.w_id, *e.room));
  case api::event_effect::compare_count: {
    const auto s = cache::scope::of(e.w_id, *e.room);
    if (co_await count_differs(s, *e.member_count))
      co_return co_await purges_.purge(s);
  }
  }
  co_return std::nullopt;
}

net::task<bool> events::count_differs(cache::scope s, std::uint64_t members) {
  auto lists = shared_.memory.matching(s, cache::wall_now());
  if (lists.empty())
    lists = co_await purges_.stored(s, lists_most);
  const auto before = mismatches_.find(s.text());
  for (const auto& e : lists) {
    const auto listed = members_in(*e);
    if (listed == members)
      continue;
    if (before != mismatches_.end() && before->second.told == members && before->second.listed == listed)
      continue;
    if (mismatches_.size() >= mismatches_most)
      mismatches_.clear();
    mismatches_[s.text()] = {members, listed};
    co_return true;
  }
  co_return false;
}

std::size_t events::members_in(const cache::entry& e) {
  std::string body;
  body.reserve(e.plain->body().size() + api::padding);
  body = e.plain->body();
  return answers_.classify({body.data(), body.size()}).members;
}

net::task<events::answer> events::hand_on(std::string body, std::shared_ptr<forwarding> to) {
  auto got = co_await upstream::fetch(
      to->pool, {.path = to->target, .credential = std::nullopt, .body = std::move(body)}, to->timeout);
  if (!got) {
    stats_.forward_failures.add();
    co_return answer{
        status_of(got.error()),
        envelope(fmt::format("the callback was taken, but handing it on failed: {}", to_string(got.error())))};
  }
  stats_.forwarded.add();
  co_return answer{got->status, whole_body(got->content_type, got->content_encoding, got->body)};
}

} // namespace rollcall::gateway
