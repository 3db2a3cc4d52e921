#include "rollcall/net/reactor.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rollcall::net {

namespace {

int make_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0)
    throw boost::system::system_error(error_code(errno, boost::system::system_category()), "epoll_create1");
  return set;
}

} // namespace

reactor::reactor(const executor& ex) : ex_(ex), set_(ex, make_set()) {}

void reactor::start() {
  wait();
}

void reactor::stop() {
  error_code ignored;
  set_.close(ignored);
}

void reactor::wait() {
  set_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code ec) {
    if (ec)
      return; // stopped
    take();
    if (set_.is_open())
      wait(); // tells at once of what is left
  });
}

// Several that came at once are seldom the last: to look again costs less than to return to the loop, which waits, is
// woken and arms the wait anew. Bounded, because whatever else the thread has to do waits meanwhile.
void reactor::take() {
  constexpr int rounds_most = 8;
  for (int round = 0; round < rounds_most && set_.is_open(); ++round)
    if (take_once() < 2)
      return;
}

std::size_t reactor::take_once() {
  const int n = ::epoll_wait(set_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
  const auto taken = n > 0 ? static_cast<std::size_t>(n) : 0;
  count_ = taken;
  for (at_ = 0; at_ < count_;) {
    const auto& e = events_[at_++];
    if (auto* const w = static_cast<watcher*>(e.data.ptr))
      w->on_events(e.events);
  }
  count_ = 0;
  return taken;
}

error_code reactor::watch(int socket, watcher& w) {
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  wanted.data.ptr = &w;
  if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, socket, &wanted) != 0)
    return {errno, boost::system::system_category()};
  return {};
}

void reactor::forget(const watcher& w) noexcept {
  for (auto at = at_; at < count_; ++at)
    if (events_[at].data.ptr == &w)
      events_[at].data.ptr = nullptr;
  std::erase(again_, &w);
  std::ranges::replace(called_, const_cast<watcher*>(&w), nullptr);
}

void reactor::again(watcher& w) {
  if (std::ranges::find(again_, &w) != again_.end())
    return;
  if (again_.empty())
    asio::post(ex_, [this] { call_again(); });
  again_.push_back(&w);
}

bool reactor::may_owe(const watcher& w) const noexcept {
  // A full array may have left some in the set.
  if (count_ == 0 || count_ == events_.size() || at_ > told_most)
    return true;
  return std::any_of(events_.data() + at_, events_.data() + count_,
                     [&](const epoll_event& e) { return e.data.ptr == &w; });
}

void reactor::call_again() {
  std::swap(called_, again_);
  for (auto* const& w : called_) // by reference: some of them may be forgotten meanwhile
    if (w)
      w->on_events(0);
  called_.clear();
}

} // namespace rollcall::net
