#include "rollcall/upstream/fetch.hpp"
#include "rollcall/upstream/shield.hpp"

#include <random>

namespace rollcall::upstream {

using net::steady_clock;

namespace {

using answer = std::expected<fetched, failure>;

admission::ending ending_of(const answer& a) {
  if (a)
    return a->status < 500 ? admission::ending::answered : admission::ending::other; // a quick 503 is no quick answer
  const bool late = a.error() == failure::timed_out || a.error() == failure::connect_timed_out;
  return late ? admission::ending::timed_out : admission::ending::other;
}

bool deserves_another(const answer& a) {
  return a ? is_worth_repeating(a->status) : is_worth_repeating(a.error());
}

// Before a second attempt: an instance that has just started to listen, or a proxy that has lost one connection, needs
// a moment, and those who failed together are not to come back together.
net::task<> pause_before_retry(net::executor ex) {
  thread_local std::minstd_rand random{std::random_device{}()};
  net::timer pause(ex, std::chrono::milliseconds(25 + random() % 50));
  co_await pause.async_wait(net::no_throw);
}

} // namespace

net::task<std::expected<fetched, failure>> fetch(shield& of, pass first, pool& from, fetch_request request,
                                                 shielded_call what) {
  const auto ex = co_await net::asio::this_coro::executor;
  const auto left = [&] { return std::chrono::ceil<std::chrono::milliseconds>(what.deadline - steady_clock::now()); };
  auto a = co_await fetch(from, request, left(), &first);
  first.finish(ending_of(a));
  if (!deserves_another(a) || !of.may_retry(what.instance))
    co_return a;
  co_await pause_before_retry(ex);
  auto second = co_await of.enter({what.instance, std::move(what.w_id), what.who, what.deadline, true}, ex);
  if (!second)
    co_return a;
  auto again = co_await fetch(from, std::move(request), left(), &*second);
  second->finish(ending_of(again));
  co_return again;
}

} // namespace rollcall::upstream
